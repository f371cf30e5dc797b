import Glibc

/// HQ's directory and the files in it that only its owner may open.
enum HQFiles {
    /// Longest path of a socket, in bytes.
    ///
    /// Source: unix(7), `sun_path` is 108 bytes with the closing NUL.
    static let socketPathByteCountMax = 107

    /// Makes a directory that only its owner can enter, unless it is there.
    static func makeDirectory(_ path: String) throws(HQError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST
        else { throw .file(call: "mkdir", path: path, errno: errno) }
    }

    /// Makes an empty file that only its owner can read, unless it is there.
    static func makeEmpty(_ path: String) throws(HQError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .file(call: "open", path: path, errno: errno) }
        close(descriptor)
    }

    /// Lets only the owner of a socket connect to it, whatever the directory's mode is.
    static func restrict(_ path: String) throws(HQError) {
        guard chmod(path, 0o600) == 0 else { throw .file(call: "chmod", path: path, errno: errno) }
    }
}

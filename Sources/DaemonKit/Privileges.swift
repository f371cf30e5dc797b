import Glibc

/// The user that a program runs as.
public enum Privileges {
    /// Becomes the owner of a directory for good, if this is root; does nothing for anyone else.
    ///
    /// So that what a command of root's makes there belongs to the daemon that reads it.
    ///
    /// - Parameter path: A directory that exists.
    /// - Throws: `FileError`; the program is then to end.
    public static func becomeOwner(of path: String) throws(FileError) {
        guard geteuid() == 0 else { return }
        var status = stat()
        guard stat(path, &status) == 0
        else { throw FileError(call: "stat", path: path, errno: errno) }
        guard status.st_uid != 0 else { return }
        var group = status.st_gid
        guard setgroups(1, &group) == 0, setgid(group) == 0, setuid(status.st_uid) == 0
        else { throw FileError(call: "setuid", path: path, errno: errno) }
    }
}

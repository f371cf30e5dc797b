import Glibc

/// A secret in a file that only its owner can read, as hexadecimal digits.
public enum SecretFile {
    /// Reads a secret, or makes one if there is no file yet.
    ///
    /// - Parameters:
    ///   - path: The file; its directory exists.
    ///   - make: Gives the bytes of a new secret, as many as the file must hold.
    /// - Returns: The bytes.
    /// - Throws: `SecretFileError`.
    public static func readOrMake(
        _ path: String,
        _ make: () -> [UInt8]
    ) throws(SecretFileError) -> [UInt8] {
        let fresh = make()
        if let found = try read(path, byteCount: fresh.count) { return found }
        do {
            try DurableFile.write(Array(hex(fresh).utf8), to: path, mode: 0o600)
        } catch {
            throw .file(error)
        }
        return fresh
    }

    /// Replaces a file of several secrets, one a line, and returns once the disk holds it.
    ///
    /// - Throws: `FileError`; the file is then as it was.
    public static func write(lines: [[UInt8]], to path: String) throws(FileError) {
        try DurableFile.write(lines.flatMap { Array(hex($0).utf8) }, to: path, mode: 0o600)
    }

    /// Reads a file of several secrets, one a line, or gives nil if there is none.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - byteCount: Bytes that each of them must have.
    /// - Returns: The secrets' bytes, in their order.
    /// - Throws: `SecretFileError`.
    public static func readLines(
        _ path: String,
        byteCount: Int
    ) throws(SecretFileError) -> [[UInt8]]? {
        guard let text = try text(of: path, mayBeShared: false) else { return nil }
        var lines: [[UInt8]] = []
        for line in text.split(separator: UInt8(ascii: "\n")) {
            guard let bytes = bytes(ofHex: Array(line)), bytes.count == byteCount
            else { throw .malformed(path: path, digitCount: byteCount * 2) }
            lines.append(bytes)
        }
        return lines
    }

    /// Reads a secret, or nil if there is no file.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - byteCount: Bytes that the secret must have.
    ///   - mayBeShared: Whether others may have permissions on the file.
    /// - Returns: The bytes, or nil.
    /// - Throws: `SecretFileError`.
    public static func read(
        _ path: String,
        byteCount: Int,
        mayBeShared: Bool = false
    ) throws(SecretFileError) -> [UInt8]? {
        guard let text = try text(of: path, mayBeShared: mayBeShared) else { return nil }
        guard let bytes = bytes(ofHex: text), bytes.count == byteCount
        else { throw .malformed(path: path, digitCount: byteCount * 2) }
        return bytes
    }

    /// A file's text, if nobody but its owner can read it.
    private static func text(
        of path: String,
        mayBeShared: Bool
    ) throws(SecretFileError) -> [UInt8]? {
        let text: [UInt8]?
        do {
            text = try DurableFile.read(path)
        } catch {
            throw .file(error)
        }
        guard let text else { return nil }
        var status = stat()
        guard stat(path, &status) == 0
        else { throw .file(FileError(call: "stat", path: path, errno: errno)) }
        guard mayBeShared || status.st_mode & 0o077 == 0
        else { throw .exposed(path: path) }
        return text
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "\n"
    }

    private static func bytes(ofHex text: [UInt8]) -> [UInt8]? {
        let digits = text.last == UInt8(ascii: "\n") ? text.dropLast() : text[...]
        let values = digits.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard values.count == digits.count, values.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: values.count, by: 2).map {
            UInt8(values[$0] << 4 | values[$0 + 1])
        }
    }
}

/// Why a secret cannot be used.
public enum SecretFileError: Error, Equatable {
    /// The file cannot be read or made.
    case file(FileError)
    /// Others than its owner can read it.
    case exposed(path: String)
    /// It does not hold a secret of the right length.
    case malformed(path: String, digitCount: Int)
}

extension SecretFileError: CustomStringConvertible {
    /// What is wrong and what to do.
    public var description: String {
        switch self {
        case .file(let error): "\(error)"
        case .exposed(let path):
            "\(path) can be read by others: run chmod 600 on it, and think of who has read it"
        case .malformed(let path, let count):
            "\(path) does not hold \(count) hexadecimal digits: restore it from your backup"
        }
    }
}

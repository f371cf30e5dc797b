import Foundation

/// Reads the text of a document from disk, within its limits.
public enum DocumentFile {
    /// Reads a file.
    ///
    /// - Parameter path: The file.
    /// - Returns: Its text.
    /// - Throws: `DocumentError` without a line: the file is missing, too large, or no UTF-8.
    public static func text(at path: String) throws(DocumentError) -> String {
        let data: Data?
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            data = try file.read(upToCount: YAMLGuard.byteCountMax + 1)
        } catch {
            throw DocumentError(
                file: path,
                problem: "the file cannot be read",
                fix: FileManager.default.fileExists(atPath: path)
                    ? "make it a file that this user may read" : "create it"
            )
        }
        let bytes = data ?? Data()
        guard bytes.count <= YAMLGuard.byteCountMax
        else {
            throw DocumentError(
                file: path,
                problem: "the file is too large",
                fix: "keep it within \(YAMLGuard.byteCountMax) bytes"
            )
        }
        guard let text = String(validating: bytes, as: UTF8.self)
        else {
            throw DocumentError(
                file: path,
                problem: "the file is not UTF-8",
                fix: "save it as UTF-8"
            )
        }
        return text
    }
}

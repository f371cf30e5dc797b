/// What is wrong with a document, where, and how to mend it.
///
/// The one error of this target: whoever wrote the file reads it as a line of a compiler,
/// `programme.yaml:12:9: 'guard' is 'daily': use businessDay, none or {hours: N}`.
public struct DocumentError: Error, Equatable, Sendable {
    /// The file, as the caller named it.
    public let file: String
    /// The line, from 1; nil if the file as a whole is meant.
    public let line: Int?
    /// The column, from 1, counted in Unicode scalars; nil if the file as a whole is meant.
    public let column: Int?
    /// What is wrong.
    public let problem: String
    /// What to write instead; nil where the problem says it already.
    public let fix: String?

    /// Creates an error.
    public init(
        file: String,
        line: Int? = nil,
        column: Int? = nil,
        problem: String,
        fix: String? = nil
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.problem = problem
        self.fix = fix
    }

    init(file: String, _ mistake: Mistake) {
        self.init(
            file: file,
            line: mistake.place?.line,
            column: mistake.place?.column,
            problem: mistake.problem,
            fix: mistake.fix
        )
    }
}

extension DocumentError: CustomStringConvertible {
    /// One line: the file, the place, what is wrong, and what to write instead.
    public var description: String {
        ([file] + [line, column].compactMap { $0.map(String.init) }).joined(separator: ":")
            + ": \(problem)" + (fix.map { ": \($0)" } ?? "")
    }
}

/// A mistake in a document whose name is not known here.
struct Mistake: Error, Equatable {
    let place: Place?
    let problem: String
    let fix: String?

    init(at place: Place?, _ problem: String, fix: String? = nil) {
        self.place = place
        self.problem = problem
        self.fix = fix
    }
}

/// A place in a document.
struct Place: Hashable {
    /// From 1.
    let line: Int
    /// From 1, counted in Unicode scalars.
    let column: Int

    static let start = Place(line: 1, column: 1)
}

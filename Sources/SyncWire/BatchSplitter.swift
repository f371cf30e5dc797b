/// Cuts batches that follow each other, as on a stick or in the answer to a pull, into single ones.
///
/// Bytes go in as they come, whole batches come out; what is damaged is found where it begins, so
/// that everything before it can be used. Whether a batch holds together is for `BatchV1` to say.
public struct BatchSplitter: Sendable {
    /// One batch of several.
    public struct Piece: Hashable, Sendable {
        /// Its first line.
        public let header: BatchHeaderV1
        /// All of its bytes, as `BatchV1` reads them.
        public let bytes: [UInt8]
    }

    private var buffer: [UInt8] = []
    /// Where the line begins that is not whole yet.
    private var lineStart = 0
    private var header: BatchHeaderV1?
    /// Whole lines in the buffer.
    private var lineCount = 0

    /// Creates a splitter that has seen nothing.
    public init() {}

    /// Takes the bytes that follow; `next` gives the batches in them.
    public mutating func append(_ bytes: some Sequence<UInt8>) {
        buffer += bytes
    }

    /// Gives the next batch, or nil until more bytes come.
    ///
    /// - Throws: `BatchError` for what cannot be a batch; nothing more can be read then.
    public mutating func next() throws(BatchError) -> Piece? {
        while let end = buffer[lineStart...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = buffer[lineStart..<end]
            lineStart = end + 1
            lineCount += 1
            guard lineStart <= BatchV1.wholeByteCountMax else { throw .tooManyBytes(lineStart) }
            guard let header else {
                try begin(BatchHeaderV1(parsing: line))
                continue
            }
            if lineCount == header.count + 2 { return take(header) }
        }
        guard buffer.count <= BatchV1.wholeByteCountMax else { throw .tooManyBytes(buffer.count) }
        return nil
    }

    /// Takes the end of the bytes.
    ///
    /// - Throws: `BatchError.cutShort` if a batch is not whole.
    public func finish() throws(BatchError) {
        guard buffer.isEmpty else { throw .cutShort }
    }

    private mutating func begin(_ first: BatchHeaderV1) throws(BatchError) {
        guard first.count <= BatchV1.entryCountMax else { throw .tooManyEntries(first.count) }
        header = first
    }

    private mutating func take(_ header: BatchHeaderV1) -> Piece {
        let piece = Piece(header: header, bytes: Array(buffer[..<lineStart]))
        buffer.removeFirst(lineStart)
        lineStart = 0
        lineCount = 0
        self.header = nil
        return piece
    }
}

public import LoyaltyCore

/// What HQ must be told to run.
public struct HQSettings: Sendable {
    /// Where HQ keeps its database, its key, its token and its administrator's socket.
    ///
    /// Made, with what belongs into it, when it is missing.
    public var dataDirectory: String
    /// The address to listen on.
    public var host = "127.0.0.1"
    /// The port to listen on; 0 lets the system choose one.
    public var port = Self.defaultPort
    /// The certificate to serve HTTPS with; nil serves plain HTTP.
    public var tls: TLSFiles?
    /// How many pushes HQ works on at once before it asks devices to wait.
    ///
    /// Source: our own bound; each holds some 1 MB, and the database takes them one by one.
    public var pushCountMax = 64
    /// The clock, in POSIX milliseconds.
    public var nowMs: @Sendable () -> Int64 = systemNowMs

    /// Reads the programmes that HQ published, so that it decides entries again; nil: it does not.
    public var readProgramme: ProgrammeReader?
    /// How long HQ gathers what is booked before it decides again.
    ///
    /// Source: our own bound; it costs one commit a second at most.
    var checkPause: Duration = .seconds(1)
    /// Called after each round of deciding again.
    var onCheck: @Sendable () -> Void = {}

    /// Reads and checks a programme's document, as a store's own file is.
    public typealias ProgrammeReader = @Sendable (String) throws -> Programme

    /// The port HQ listens on unless told otherwise.
    public static let defaultPort = 8470

    /// A certificate and its key, both PEM.
    public struct TLSFiles: Sendable {
        /// The certificate, followed by those of its issuers.
        public var certificateFile: String
        /// The certificate's private key.
        public var keyFile: String

        /// Names the files.
        public init(certificateFile: String, keyFile: String) {
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }
    }

    /// Creates settings for one data directory, everything else by default.
    public init(dataDirectory: String) {
        self.dataDirectory = dataDirectory
    }

    /// The database.
    var databasePath: String { "\(dataDirectory)/hq.sqlite" }
    /// HQ's Ed25519 key, 32 bytes in hexadecimal.
    var keyPath: String { "\(dataDirectory)/hq.key" }
    /// The token that opens the reading side over the network.
    var tokenPath: String { "\(dataDirectory)/admin.token" }
    /// The socket on which the administrator's commands arrive.
    public var socketPath: String { "\(dataDirectory)/admin.sock" }
}

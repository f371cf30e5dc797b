/// How headquarters is set up: what `stamphq.yaml` says.
public struct HQConfiguration: Equatable, Sendable {
    /// The directory of HQ's database and signing key.
    public var dataPath: String
    /// The address that stores reach.
    public var address: String
    /// The TCP port; 0 for any that is free, as tests want it.
    public var port: Int
    /// The certificate and its key; nil only on an address of this machine.
    public var tls: TLS?

    /// Creates a configuration.
    public init(
        dataPath: String = "/var/lib/stamphq",
        address: String = "127.0.0.1",
        port: Int = 8470,
        tls: TLS? = nil
    ) {
        self.dataPath = dataPath
        self.address = address
        self.port = port
        self.tls = tls
    }

    /// The files of HQ's certificate.
    public struct TLS: Equatable, Sendable {
        /// The certificate and those that vouch for it, in PEM.
        public var certificatePath: String
        /// Its private key, in PEM.
        public var keyPath: String

        /// Creates the pair.
        public init(certificatePath: String, keyPath: String) {
            self.certificatePath = certificatePath
            self.keyPath = keyPath
        }
    }
}

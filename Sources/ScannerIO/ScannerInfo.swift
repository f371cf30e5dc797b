/// A scanner that is plugged in and being read.
public struct ScannerInfo: Equatable, Sendable {
    /// Its identity: `vid:pid:serial`, else `vid:pid@port`, else its node's path.
    ///
    /// Stable over restarts and, with a serial number, over ports; the configuration takes it.
    public let key: String
    /// How it is read.
    public let transport: ScannerTransport
    /// The node it is read from.
    public let nodePath: String
    /// Its USB vendor and product, if it has them.
    public let model: ModelID?
    /// The port it is on: `ID_PATH` without the interface; absent for a pty.
    public let port: String?
    /// Its serial number, if it has a real one.
    public let serial: String?
    /// What it calls itself.
    public let name: String
    /// The operator's name for it.
    public let label: String?
    /// The till whose scans these are.
    public let till: String
    /// Whether no other program gets its data: a grabbed keyboard or a locked line.
    public internal(set) var isGrabbed: Bool
}

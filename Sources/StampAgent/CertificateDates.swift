import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// Asks a server for its certificates' dates, and for nothing else.
enum CertificateDates {
    /// When the last of a server's certificates begins to hold.
    ///
    /// Nothing is verified, and the connection ends before anything is sent over it: the answer is
    /// only good for judging the same certificates again at that time.
    ///
    /// - Parameters:
    ///   - host: A name or an address.
    ///   - port: The TCP port.
    /// - Returns: POSIX seconds; nil if the server shows no certificate.
    static func latestBeginS(host: String, port: Int) async -> Int64? {
        let latest = Latest()
        do {
            let context = try NIOSSLContext(configuration: .makeClientConfiguration())
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(HTTPLink.connectTimeout)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let handler = try NIOSSLClientHandler(
                            context: context,
                            serverHostname: isAddress(host) ? nil : host,
                            customVerificationCallback: { chain, promise in
                                latest.note(chain.map { Int64($0.notValidBefore) }.max())
                                promise.succeed(.failed)
                            }
                        )
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                }
                .connect(host: host, port: port).get()
            channel.eventLoop.scheduleTask(in: HTTPLink.connectTimeout) {
                channel.close(promise: nil)
            }
            try await channel.closeFuture.get()
        } catch {
            // Whatever is wrong with the line, the request itself has told it.
        }
        return latest.seconds
    }

    private static func isAddress(_ host: String) -> Bool {
        do {
            _ = try SocketAddress(ipAddress: host, port: 0)
            return true
        } catch {
            return false
        }
    }

    /// What the handshake's own thread saw.
    private final class Latest: Sendable {
        private let value = Mutex<Int64?>(nil)

        var seconds: Int64? { value.withLock { $0 } }

        func note(_ seconds: Int64?) {
            value.withLock { $0 = seconds }
        }
    }
}

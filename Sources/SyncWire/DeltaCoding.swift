import LoyaltyCore

/// The coding of a small batch for a reader who holds the entry before it.
///
/// Nothing travels that the reader can work out: the hash at the batch's end, the key's name, the
/// time of the checkpoint, and whatever looks like the entry before. The content is the
/// checkpoint's signature, 64 bytes, and then a zlib stream (RFC 1950) of the batch's lines without
/// the checkpoint, compressed against a dictionary of what both sides know. The stream names its
/// dictionary by a check sum, so a reader who holds another entry notices. What is read is the
/// batch that was coded, byte for byte (docs/adr/0037).
public struct DeltaCoding: Sendable {
    /// The coding's name in `Content-Encoding`.
    public static let name = "stampd-delta"

    /// Most entries of a batch that is sent so.
    ///
    /// Source: our own bound: from 50 on gzip alone has less than 45 bytes an entry (SYNC.md 2.7),
    /// and the reader need not work out the chain twice.
    public static let entryCountMax = 49

    private let device: DeviceID
    private let epoch: Int64
    private let position: LogPosition
    private let dictionary: [UInt8]

    /// Creates the coding for batches behind an entry.
    ///
    /// - Parameters:
    ///   - device: Whose log it is.
    ///   - epoch: Which incarnation of it.
    ///   - line: The entry before the batch's first, as the reader holds it.
    public init(device: DeviceID, epoch: Int64, after line: LogLine) {
        self.device = device
        self.epoch = epoch
        position = line.position
        // What is most like the batch's begin comes last: what is near has the shorter code.
        dictionary =
            Array(Self.names.utf8) + line.body
            + Array(
                """

                {"v":1,"kind":"batch","dev":"\(device.text)","ep":\(epoch),\
                "first":\(line.sequence + 1),"count":1,"prev":"\(Base64.text(line.hash.bytes))",\
                "now":{"wallMs":1,"boot":1,"bootMs":1,"clock":"ntp"},\
                "queue":{"pending":1,"oldestAgeS":0},"programme":"
                """.utf8
            )
    }

    /// An entry's names, for where the entry before is of another type.
    private static let names = """
        {"seq":1,"type":"void","refund","anchor","award","wallMs":1,"clock":"ntp","boot":1,\
        "bootMs":1,"hlc":[1,0],"serverMs":1,"roundTripMs":1,"voids":1,"member":"00000000",\
        "key":"einvoice/pos/","programme":["","in":{"evidence":"pos","date":"20","till":"1",\
        "opensVisit":true,"amount":1,"receipt":["20"last":{"store":"","lines":[["",1,\
        "redeem":[["","post":[["points","never",1],["stamps/","never",1]],"count":[["

        """

    /// A batch as it travels.
    ///
    /// - Returns: The content, or nil if the batch does not follow the entry, has too many entries,
    ///   or was signed for another time than its report's: then it has to be sent as gzip.
    public func content(of batch: BatchV1) -> [UInt8]? {
        guard batch.header.device == device, batch.header.epoch == epoch,
            batch.header.start == position, batch.bodies.count <= Self.entryCountMax,
            batch.checkpoint.wall == batch.header.report.now.wall
        else { return nil }
        return content(ofLines: batch.lineBytes, signature: batch.checkpoint.signature)
    }

    func content(ofLines bytes: [UInt8], signature: [UInt8]) -> [UInt8] {
        signature + Zlib.deflated(bytes, .zlib, dictionary: dictionary)
    }

    /// Reads a batch; `verify` then tells whether its signature holds.
    ///
    /// - Parameters:
    ///   - content: The content as it travelled.
    ///   - keyID: The device's key that is in force at the batch's end.
    /// - Returns: The batch, byte for byte the one that was coded.
    /// - Throws: `DeltaError`.
    public func batch(
        from content: [UInt8],
        signedBy keyID: KeyID
    ) throws(DeltaError) -> BatchV1 {
        let signature = Array(content.prefix(PublicKey.signatureByteCount))
        let stream = Array(content.dropFirst(signature.count))
        let bytes: [UInt8]
        do throws(InflateError) {
            bytes = try Zlib.inflated(
                stream,
                .zlib,
                dictionary: dictionary,
                byteCountMax: Gzip.allowedByteCount(of: stream.count)
            )
        } catch {
            throw .inflate(error)
        }
        do throws(BatchError) {
            return try BatchV1(lines: bytes, signature: signature, keyID: keyID)
        } catch {
            throw .batch(error)
        }
    }
}

/// Why a content is not a batch behind the entry that is held.
public enum DeltaError: Error, Equatable {
    /// The lines cannot be had.
    case inflate(InflateError)
    /// The lines are no batch.
    case batch(BatchError)
}

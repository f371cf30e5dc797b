import CDevices
import Glibc
import ScanCodec

/// Reads a scanner that sends HID point-of-sale reports.
final class POSReader: NodeReader {
    /// Makers whose scanners wait for feature report 0xFE before they send.
    ///
    /// Source: Honeywell (0c2e) and Youjie (23d0), as WebHID barcode scanner libraries do it.
    private static let awaitsFeature: Set<UInt16> = [0x0C2E, 0x23D0]

    private static let hidModeReport: [UInt8] = [0xFE, 0x01]

    /// Length of a report if the descriptor does not say.
    private static let reportByteCount = 64

    private let descriptor: Descriptor
    private var assembler: HIDPOSAssembler
    private var buffer: [UInt8]

    /// Opens a node and checks that it is a scanner's.
    ///
    /// - Throws: `DeviceError`; `EPROTOTYPE` if its reports are not a scanner's.
    init(path: String) throws(DeviceError) {
        let descriptor = try Descriptor(opening: path, flags: O_RDWR | O_NONBLOCK)
        try check(cdevices_lock(descriptor.fd), call: "flock", path: path)
        let bytes = try Self.reportDescriptor(of: descriptor)
        let reports = HIDReportDescriptor(bytes)
        guard reports.isPOSScanner else {
            throw DeviceError(call: "HIDIOCGRDESC", path: path, errno: EPROTOTYPE)
        }
        Self.enterHIDMode(descriptor.fd, reports)

        // Exactly one report: the kernel cuts a longer one off.
        buffer = [UInt8](repeating: 0, count: max(reports.inputByteCount, Self.reportByteCount))
        assembler = HIDPOSAssembler(layout: HIDPOSLayout(descriptor: bytes) ?? .fixed)
        self.descriptor = descriptor
    }

    var fd: CInt { descriptor.fd }
    var isGrabbed: Bool { true }
    var deadline: Duration? { assembler.idleDeadline }

    func start(at now: Duration) throws(DeviceError) -> [ReadOutcome] { [.ready] }

    func readable(at now: Duration) throws(DeviceError) -> [ReadOutcome] {
        guard let count = try descriptor.read(into: &buffer) else { return [] }
        return outcomes(of: assembler.consume(Array(buffer.prefix(count)), at: now), at: now)
    }

    func elapsed(at now: Duration) throws(DeviceError) -> [ReadOutcome] {
        outcomes(of: assembler.idle(at: now), at: now)
    }

    func abandon(at now: Duration) -> Bool {
        assembler.abandon() != .wait
    }

    private func outcomes(of action: ScanAction, at now: Duration) -> [ReadOutcome] {
        switch action {
        case .wait: []
        case .emit(let bytes): [.scan(bytes: bytes, aim: assembler.aim, at: now)]
        case .void(let reason): [.voided(.damaged(reason))]
        }
    }

    private static func reportDescriptor(
        of node: borrowing Descriptor
    ) throws(DeviceError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: HIDReportDescriptor.byteCountMax)
        let count = try check(
            cdevices_hidraw_descriptor(node.fd, &bytes, bytes.count),
            call: "HIDIOCGRDESC",
            path: node.path
        )
        return Array(bytes.prefix(count))
    }

    /// Wakes those scanners that wait for it; all others have no such report.
    private static func enterHIDMode(_ fd: CInt, _ reports: HIDReportDescriptor) {
        var info = hidraw_devinfo()
        guard reports.featureIDs.contains(hidModeReport[0]), cdevices_hidraw_info(fd, &info) == 0,
            awaitsFeature.contains(UInt16(bitPattern: info.vendor))
        else { return }
        // One that refuses sends anyhow, or is silent and then not adopted by anybody.
        _ = cdevices_hidraw_send_feature(fd, hidModeReport, hidModeReport.count)
    }
}

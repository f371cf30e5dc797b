/// What was on each port, to notice a scanner that comes back as something else.
///
/// A set-up code can turn a keyboard scanner into a serial one. It then unplugs itself and comes
/// back with the same vendor and another product number, perhaps one that nobody adopted.
struct PortMemory {
    private var adopted: [String: ModelID] = [:]

    /// Compares what is plugged in with what was, and remembers it.
    mutating func update(_ devices: [PluggedDevice], _ plan: ScannerPlan) -> [ScannerProblem] {
        var problems: [ScannerProblem] = []
        for device in devices {
            let port = device.identity.port
            guard let model = device.identity.model, let before = adopted[port] else { continue }
            guard before.vendorID == model.vendorID, before != model else { continue }
            problems.append(.reconfigured(port: port, from: before, to: model))
            adopted[port] = nil
        }
        for case (let port?, let model?) in plan.scanners.map({ ($0.info.port, $0.info.model) }) {
            adopted[port] = model
        }
        return problems
    }
}

import ArgumentParser
import Synchronization

/// What can go wrong between stores and HQ while they are simulated.
enum Fault: String, CaseIterable, Sendable {
    /// The request is lost, or its answer, and the connection falls silent.
    case drop
    /// HQ gets the request twice at once.
    case duplicate
    /// HQ gets the request late, after the store has sent others.
    case reorder
    /// The request or its answer ends in the middle.
    case cut
    /// The connection is reset before HQ hears of it.
    case reset
    /// Something else answers, as in a hotel.
    case portal
    /// Bytes come in dribs and drabs.
    case slow
    /// HQ's acknowledgement is altered on its way.
    case forge
    /// The stores' wall clocks are set wrong, again and again.
    case skew
    /// HQ is killed and started again.
    case kill

    /// The faults that the line does to a request.
    static let ofLine: [Self] = [
        .drop, .duplicate, .reorder, .cut, .reset, .portal, .slow, .forge,
    ]

    /// Reads a list such as `drop,cut`, `all` or `none`.
    ///
    /// - Throws: `ValidationError`, naming every fault there is.
    static func list(_ text: String) throws -> Set<Self> {
        switch text {
        case "all": return Set(allCases)
        case "none": return []
        default:
            let names = text.split(separator: ",").map(String.init)
            let faults = names.compactMap(Self.init)
            guard !faults.isEmpty, faults.count == names.count else {
                let known = allCases.map(\.rawValue).joined(separator: ",")
                throw ValidationError("--faults takes all, none, or some of \(known).")
            }
            return Set(faults)
        }
    }
}

/// Random numbers that one seed decides, for whoever asks next.
///
/// The same seed gives the same numbers; which request gets which is for the threads to say.
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014
/// (SplitMix64).
final class Dice: Sendable {
    private let state: Mutex<UInt64>

    init(seed: UInt64) {
        state = Mutex(seed)
    }

    /// A whole number from 0 to one below the bound.
    func below(_ bound: Int) -> Int {
        let mixed = state.withLock { state in
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
        return Int(truncatingIfNeeded: mixed % UInt64(bound))
    }

    /// A share from 0 to below 1.
    func share() -> Double { Double(below(1_000_000)) / 1_000_000 }

    /// A duration up to a longest one.
    func duration(upTo longest: Duration) -> Duration { longest * share() }
}

/// What goes wrong at present, which all parts of a simulation ask.
final class Trouble: Sendable {
    private let faults = Mutex<Set<Fault>>([])

    /// What goes wrong now; nothing at first.
    var now: Set<Fault> { faults.withLock { $0 } }

    /// Lets things go wrong.
    func begin(_ new: Set<Fault>) {
        faults.withLock { $0 = new }
    }

    /// Ends all of it.
    func end() {
        begin([])
    }
}

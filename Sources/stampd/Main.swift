import ArgumentParser
import CTasks
import NIOCore
import NIOPosix

/// The program: has all tasks run on event loops before the first one runs anywhere else.
@main
struct Main {
    @MainActor static func main() async {
        // Without it the tasks run as they do everywhere, and the machine is woken once a second.
        ctasks_take_over(runOnEventLoop)
        await Stampd.main()
    }
}

/// Runs a piece of a task's work on an event loop.
///
/// It is the same loop again for work that comes from a loop, so that no other thread has to wake.
private func runOnEventLoop(job: UnsafeMutableRawPointer) {
    let job = ExecutorJob(unsafeBitCast(job, to: UnownedJob.self))
    MultiThreadedEventLoopGroup.singleton.any().executor.enqueue(job)
}

/// The store agent: parses its arguments, builds its services, and runs them.
struct Stampd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stampd",
        abstract: "Award stamps and points at the till, online or off.",
        version: agentVersion,
        subcommands: [Run.self, Demo.self, Identity.self, Enroll.self],
        defaultSubcommand: Run.self
    )
}

/// The agent's version, as in the changelog.
let agentVersion = "0.1.0"

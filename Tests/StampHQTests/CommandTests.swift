import LoyaltyCore
import NIOHTTP1
import SyncWire
import Testing

@testable import StampHQ

/// What operators want of devices, asked for over HTTP by a device that signs.
struct CommandTests {
    @Test func `a command is kept until the device has done it, and wanted twice it is one`()
        async throws
    {
        try await RunningHQ.run { hq in
            let device = try await joined(hq)
            let id = device.identity.device
            let first = try await hq.hq.store.want(.pull, of: id)
            #expect(try await hq.hq.store.want(.pull, of: id) == first)
            let second = try await hq.hq.store.want(.rotateKey, of: id)

            for _ in 0..<2 {
                let list = try await hq.list(by: device)
                #expect(list.device == id)
                #expect(list.commands.map(\.action) == [.pull, .rotateKey])
            }
            let rest = try await hq.list("after=\(first)", by: device)
            #expect(rest.commands == [.init(id: second, action: .rotateKey)])
            #expect(try await hq.list("after=\(second)", by: device).commands.isEmpty)
            #expect(try await hq.hq.store.want(.pull, of: id) > second)
        }
    }

    @Test func `a restart forgets no command`() async throws {
        let directory = try TemporaryDirectory()
        let device = try TestDevice()
        try await RunningHQ.run(in: directory) { hq in
            try await device.join(hq)
            try await hq.hq.store.want(.pull, of: device.identity.device)
        }
        try await RunningHQ.run(in: directory) { hq in
            let list = try await hq.list(by: device)
            #expect(list.commands.map(\.action) == [.pull])
        }
    }

    @Test func `whoever waits for commands, or for changes, is answered when one comes`()
        async throws
    {
        try await RunningHQ.run { hq in
            let device = try await joined(hq)
            let other = try TestDevice(2)
            try await other.join(hq)
            let start = try await hq.place(by: device)
            let wait = [SignableRequest.Component("prefer", "wait=55")]

            async let list = hq.list(nil, by: device, wait)
            async let page = hq.page(since: start, by: device, wait)
            async let others = hq.page(since: start, by: other, [.init("prefer", "wait=1")])
            while hq.hq.store.bell.listenerCount < 3 { await Task.yield() }
            try await hq.hq.store.want(.pull, of: device.identity.device)

            #expect(try await list.commands.map(\.action) == [.pull])
            #expect(try await page.hasCommands)
            #expect(try await page.changes.isEmpty)
            #expect(try await !others.hasCommands)
        }
    }

    @Test func `a device gets no other device's commands, and a stranger none`() async throws {
        try await RunningHQ.run { hq in
            let device = try await joined(hq)
            let other = try TestDevice(2)
            try await other.join(hq)
            try await hq.hq.store.want(.pull, of: device.identity.device)

            #expect(try await hq.list(by: other).commands.isEmpty)
            let path = CommandListV1.path(of: device.identity.device)
            let foreign = try await hq.ask(path, nil, by: other)
            #expect(foreign.problem?.type == .deviceUnknown)
            let forged = try await hq.ask(path, nil, by: device, signedBy: other.key)
            #expect(forged.problem?.type == .signatureInvalid)
        }
    }

    @Test(arguments: ["after=-1", "after=x", "after=1.5"])
    func `a place that is no command's number is refused`(query: String) async throws {
        try await RunningHQ.run { hq in
            let device = try await joined(hq)
            let path = CommandListV1.path(of: device.identity.device)
            #expect(try await hq.ask(path, query, by: device).problem?.type == .badRequest)
        }
    }

    @Test func `nothing is wanted of a device that HQ does not know or does not trust`()
        async throws
    {
        try await RunningHQ.run { hq in
            let device = try await joined(hq)
            try await hq.hq.store.revokeDevice(device.identity.device)

            for stranger in [device, try TestDevice(2)] {
                await #expect(throws: Problem.self) {
                    try await hq.hq.store.want(.pull, of: stranger.identity.device)
                }
            }
        }
    }

    private func joined(_ hq: RunningHQ) async throws -> TestDevice {
        let device = try TestDevice()
        try await device.join(hq)
        return device
    }
}

extension RunningHQ {
    fileprivate func ask(
        _ path: String,
        _ query: String?,
        by device: TestDevice,
        _ extras: [SignableRequest.Component] = [],
        signedBy key: SigningKey? = nil
    ) async throws -> Answer {
        let question = DownRequestV1(
            path,
            query: query,
            from: device.identity.device,
            extras: extras,
            authority: authority,
            createdS: clock.nowMs / 1_000,
            nonce: Hex.text((0..<16).map { _ in UInt8.random(in: 0...255) }),
            signedBy: key ?? device.key
        )
        return try await send(.GET, question.target, question.fields)
    }

    fileprivate func list(
        _ query: String? = nil,
        by device: TestDevice,
        _ extras: [SignableRequest.Component] = []
    ) async throws -> CommandListV1 {
        let path = CommandListV1.path(of: device.identity.device)
        let answer = try await ask(path, query, by: device, extras)
        try #require(answer.status == 200, "\(String(decoding: answer.bytes, as: UTF8.self))")
        return try CommandListV1(parsing: answer.bytes, signedBy: hq.publicKey)
    }

    fileprivate func place(by device: TestDevice) async throws -> FeedCursor {
        let answer = try await ask(SnapshotV1.path, nil, by: device)
        return try SnapshotV1(parsing: answer.bytes, signedBy: hq.publicKey).cursor
    }

    fileprivate func page(
        since: FeedCursor,
        by device: TestDevice,
        _ extras: [SignableRequest.Component]
    ) async throws -> ChangePageV1 {
        let answer = try await ask(Feed.changes.path, "since=\(since.text)", by: device, extras)
        try #require(answer.status == 200, "\(String(decoding: answer.bytes, as: UTF8.self))")
        return try ChangePageV1(parsing: answer.bytes, signedBy: hq.publicKey)
    }
}

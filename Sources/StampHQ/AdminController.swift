import Hummingbird
import LoyaltyCore
import NIOCore
import SyncWire

/// What operators change: only on the socket in HQ's data directory, which only HQ's user opens.
struct AdminController {
    let intake: Intake
    let key: SigningKey
    let seal: EnrolmentSeal

    private var store: HQStore { intake.store }

    /// Most bytes of a command, members included.
    ///
    /// Source: our own bound; 5,000 members have some 300 kB.
    static let contentByteCountMax = 4_194_304

    func addRoutes(to group: RouterGroup<some RequestContext>) {
        group.post("devices", use: addDevice)
        group.post("devices/{device}/revocation", use: revoke)
        group.post("devices/{device}/epochs", use: authorise)
        group.post("devices/{device}/commands", use: want)
        group.post("devices/{device}/release", use: release)
        group.post("batches", use: takeBatch)
        group.post("signatures", use: sign)
        group.get("devices/{device}/ack", use: acknowledgement)
        group.post("enrolments", use: addEnrolment)
        group.post("members", use: putMembers)
        group.post("programmes", use: publish)
        group.post("rights", use: giveRights)
        group.post("placements", use: placeRights)
        group.post("backups", use: takeBackup)
        group.post("backups/{id}/confirmation", use: confirmBackup)
    }

    @Sendable
    private func addDevice(_ request: Request, context: some RequestContext) async throws
        -> Response
    {
        let json = try await request.canonicalJSON()
        guard let device = json["device"]?.stringValue.flatMap({ DeviceID($0) }),
            let publicKey = json["publicKey"]?.stringValue.flatMap({ Base64.bytes($0) }),
            let nonce = json["nonce"]?.stringValue.flatMap({ Base64.bytes($0) }),
            let epoch = json["epoch"]?.integerValue, let label = json["label"]?.stringValue
        else {
            throw Problem(
                .badRequest,
                "Give a device id (UUID version 7), its public key and nonce in base64, and a"
                    + " label."
            )
        }
        let identity = LogIdentity(
            device: device,
            epoch: epoch,
            publicKey: publicKey,
            nonce: nonce
        )
        try await store.addDevice(identity, label: label)
        return Response(["device": .string(device.text)])
    }

    /// Makes a code; the answer is the only place where it is ever told.
    @Sendable
    private func addEnrolment(_ request: Request, context: some RequestContext) async throws
        -> Response
    {
        let json = try await request.canonicalJSON()
        guard let name = json["store"]?.stringValue
        else { throw Problem(.badRequest, "Give the store's name.") }
        while true {
            let code = EnrolmentCode(
                random: (0..<EnrolmentCode.randomByteCount).map { _ in .random(in: 0...255) }
            )
            let notAfterMs = try await store.addEnrolment(
                code,
                seal: seal,
                store: name,
                label: json["label"]?.stringValue ?? name
            )
            // Nil: an open code has the same name, one time in a million.
            guard let notAfterMs else { continue }
            return Response([
                "code": .string(code.spelling), "notAfterMs": .integer(notAfterMs),
            ])
        }
    }

    @Sendable
    private func revoke(_ request: Request, context: some RequestContext) async throws -> Response {
        let device = try Self.device(context)
        let after = try await request.canonicalJSON()["after"]?.integerValue
        let received = try await store.revokeDevice(device, after: after)
        return Response(["device": .string(device.text), "received": .integer(received)])
    }

    @Sendable
    private func authorise(_ request: Request, context: some RequestContext) async throws
        -> Response
    {
        let device = try Self.device(context)
        guard let epoch = try await request.canonicalJSON()["epoch"]?.integerValue
        else { throw Problem(.badRequest, "Give the epoch to authorise.") }
        try await store.authoriseEpoch(epoch, of: device)
        return Response(["device": .string(device.text), "epoch": .integer(epoch)])
    }

    /// Wants something of a device, which takes it with its next question.
    @Sendable
    private func want(_ request: Request, context: some RequestContext) async throws -> Response {
        let device = try Self.device(context)
        let name = try await request.canonicalJSON()["do"]?.stringValue
        guard let action = name.flatMap({ CommandListV1.Action(rawValue: $0) }) else {
            let known = CommandListV1.Action.allCases.map(\.rawValue).joined(separator: ", ")
            throw Problem(.badRequest, "do is one of: \(known).")
        }
        let id = try await store.want(action, of: device)
        return Response(["device": .string(device.text), "command": .integer(id)])
    }

    @Sendable
    private func release(_ request: Request, context: some RequestContext) async throws
        -> Response
    {
        let device = try Self.device(context)
        try await store.releaseDevice(device)
        return Response(["device": .string(device.text)])
    }

    /// Takes a batch that was carried here; answers with the signed acknowledgement.
    @Sendable
    private func takeBatch(
        _ request: Request,
        context: some RequestContext
    ) async throws -> Response {
        let content = try await request.body.collect(upTo: Self.contentByteCountMax)
        let ack = try await intake.take(Array(content.readableBytesView), .carried)
        return Response(json: ack.bytes(signedBy: key))
    }

    /// Signs a request to whoever holds a device's log; HQ's key never leaves HQ.
    @Sendable
    private func sign(_ request: Request, context: some RequestContext) async throws -> Response {
        let json = try await request.canonicalJSON()
        guard let method = json["method"]?.stringValue, ["GET", "POST"].contains(method),
            let authority = json["authority"]?.stringValue, Self.isPlain(authority),
            let target = json["target"]?.stringValue, Self.isPlain(target),
            target.hasPrefix("/v1/devices")
        else { throw Problem(.badRequest, "Give method, authority and target of the request.") }
        let parts = target.split(separator: "?", maxSplits: 1).map(String.init)
        let signature = RequestSignature(
            of: SignableRequest(
                method: method,
                authority: authority,
                path: parts[0],
                query: parts.count > 1 ? parts[1] : nil,
                fields: []
            ),
            createdS: (store.nowMs() + (json["offsetMs"]?.integerValue ?? 0)) / 1_000,
            nonce: Hex.text((0..<16).map { _ in UInt8.random(in: .min ... .max) }),
            signedBy: key
        )
        return Response([
            RequestSignature.inputFieldName: .string(signature.inputValue),
            RequestSignature.fieldName: .string(signature.value),
        ])
    }

    /// What HQ holds of a device's log now, signed.
    @Sendable
    private func acknowledgement(
        _ request: Request,
        context: some RequestContext
    ) async throws -> Response {
        let ack = try await store.acknowledgement(of: try Self.device(context))
        return Response(json: ack.bytes(signedBy: key))
    }

    /// Whether a text can stand in one line of what is signed.
    private static func isPlain(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// Takes members as `MemberTable` writes them; answers which were refused.
    @Sendable
    private func putMembers(
        _ request: Request,
        context: some RequestContext
    ) async throws -> Response {
        let content = try await request.body.collect(upTo: Self.contentByteCountMax)
        guard let members = MemberTable.members(from: Array(content.readableBytesView))
        else { throw Problem(.badRequest, "The table of members is malformed.") }
        let refused = try await store.putMembers(members)
        return Response(["refused": .array(refused.map { .integer(Int64($0)) })])
    }

    @Sendable
    private func publish(_ request: Request, context: some RequestContext) async throws -> Response
    {
        let json = try await request.canonicalJSON()
        guard let name = json["name"]?.stringValue, let version = json["version"]?.integerValue,
            let digest = json["digest"]?.stringValue, digest.utf8.count == 64,
            let canonical = json["canonical"]?.stringValue, let yaml = json["yaml"]?.stringValue
        else { throw Problem(.badRequest, "The programme is incomplete.") }
        try await store.publish(
            ProgrammeReference(name: name, version: version, digest: digest),
            canonical: canonical,
            yaml: yaml
        )
        return Response(["digest": .string(digest)])
    }

    @Sendable
    private func takeBackup(_ request: Request, context: some RequestContext) async throws
        -> Response
    {
        guard let path = try await request.canonicalJSON()["path"]?.stringValue,
            path.hasPrefix("/")
        else { throw Problem(.badRequest, "Give the new file's absolute path.") }
        return Response(["backup": .integer(try await store.takeBackup(to: path))])
    }

    @Sendable
    private func confirmBackup(
        _ request: Request,
        context: some RequestContext
    ) async throws -> Response {
        guard let id = context.parameters.get("id").flatMap({ Int64($0) })
        else { throw Problem(.badRequest, "Give the backup's number.") }
        try await store.confirmBackup(id)
        return Response(["backup": .integer(id)])
    }

    /// Makes rights, and places them where the wish says where.
    @Sendable
    private func giveRights(
        _ request: Request,
        context: some RequestContext
    ) async throws -> Response {
        let json = try await request.canonicalJSON()
        let wish = try RightsWish(json)
        let bucket = try wish.bucket(json, today: store.today())
        return Response(try await store.give(wish, bucket)?.operatorJSON ?? .object([]))
    }

    @Sendable
    private func placeRights(
        _ request: Request,
        context: some RequestContext
    ) async throws -> Response {
        let wish = try RightsWish(try await request.canonicalJSON())
        return Response(try await store.place(wish).operatorJSON)
    }

    private static func device(_ context: some RequestContext) throws -> DeviceID {
        guard let device = context.parameters.get("device").flatMap({ DeviceID($0) })
        else { throw Problem(.badRequest, "A device's id is a UUID of version 7.") }
        return device
    }
}

extension Request {
    /// The body of an operator's command.
    func canonicalJSON() async throws -> CanonicalJSON {
        let content = try await body.collect(upTo: AdminController.contentByteCountMax)
        do throws(CanonicalJSONError) {
            return try CanonicalJSON(parsing: content.readableBytesView)
        } catch {
            throw Problem(.badRequest, error.description)
        }
    }
}

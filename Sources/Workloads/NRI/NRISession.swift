package import WorkloadModel

/// What NRI's two ends say to each other over one connection; without the connection.
package struct NRISession: Sendable {
    /// What follows from a message.
    package enum Outcome: Sendable, Equatable {
        /// To be sent.
        case send(TTRPCMessage)
        /// Containers and pods of which the runtime has told.
        case told([Workload])
        /// A container waits: to be answered by `answer`. Nil = the message cannot be read.
        case starts(NRIMessage.Subject?, stream: UInt32)
        /// The runtime has told all that there are: from now on it tells what comes.
        case isSynchronized
        /// The runtime ends.
        case ends
    }

    /// As the runtime's log and its other plugins see us.
    private static let pluginName = "secd"
    /// Late: others may change a container before.
    private static let pluginIndex = "90"
    /// Of the only call that we make.
    private static let registrationStream: UInt32 = 1

    package private(set) var inventory = NRIInventory()
    /// What the runtime said of itself; nil = nothing yet.
    package private(set) var configuration: NRIMessage.Configuration?
    /// Pods and containers of which it told in messages that cannot be read.
    package private(set) var unreadable: UInt64 = 0
    private var inbox = TTRPCInbox()

    package init() {}

    /// The first that is sent.
    package static var registration: TTRPCMessage {
        let request = NRIMessage.registration(name: pluginName, index: pluginIndex)
        return TTRPCMessage(
            .runtime, .request, stream: registrationStream,
            TTRPCCall(NRIMessage.runtimeService, "RegisterPlugin", request).bytes)
    }

    /// Takes what came.
    /// - Throws: `NRIFault`: nothing that comes after it can be understood.
    package mutating func take(_ bytes: [UInt8]) throws(NRIFault) -> [Outcome] {
        var outcomes: [Outcome] = []
        for message in try inbox.take(bytes) { outcomes += try take(message) }
        return outcomes
    }

    /// The answer to a container that waits.
    /// - Parameter refusal: why it may not start; nil = it may.
    package static func answer(_ stream: UInt32, refusal: String?) -> TTRPCMessage {
        let answer = refusal.map { TTRPCAnswer.failure(TTRPCAnswer.failedPrecondition, $0) } ?? .success([])
        return TTRPCMessage(.plugin, .response, stream: stream, answer.bytes)
    }

    private mutating func take(_ message: TTRPCMessage) throws(NRIFault) -> [Outcome] {
        switch (message.connection, message.kind) {
        case (.plugin, .request): return try answered(TTRPCCall(message.data), message.stream)
        case (.runtime, .response) where message.stream == Self.registrationStream:
            if case .failure(_, let reason) = try TTRPCAnswer(message.data) {
                throw NRIFault("it refuses secd as a plugin: \(reason.shown(200))")
            }
            return []
        default:
            throw NRIFault(
                "it sent a message that NRI has no place for (\(message.kind), \(message.connection))")
        }
    }

    private mutating func answered(_ call: TTRPCCall, _ stream: UInt32) throws(NRIFault) -> [Outcome] {
        func send(_ answer: TTRPCAnswer) -> Outcome {
            .send(TTRPCMessage(.plugin, .response, stream: stream, answer.bytes))
        }
        guard call.service == NRIMessage.pluginService else {
            return [send(.failure(TTRPCAnswer.unimplemented, "secd has no service \(call.service)"))]
        }
        switch call.method {
        case "Configure":
            let told = try NRIMessage.Configuration(call.payload)
            configuration = told
            inventory.runtime = Self.isPlain(told.runtime) ? told.runtime : ""
            return [send(.success(NRIMessage.subscription))]
        case "Synchronize":
            let state = try NRIMessage.State(call.payload)
            unreadable += UInt64(state.unreadable)
            let told = Outcome.told(inventory.take(state))
            let answer = send(.success(NRIMessage.synchronized(hasMore: state.hasMore)))
            return state.hasMore ? [answer, told] : [answer, told, .isSynchronized]
        case "RunPodSandbox", "CreateContainer":
            // Who hangs up instead is not asked when it starts: runtimes go on without.
            guard let subject = subject(call.payload) else { return [send(.success([]))] }
            return [.told(inventory.take(subject)), send(.success([]))]
        case "StartContainer": return starts(try? NRIMessage.subject(call.payload), stream)
        case "RemovePodSandbox", "RemoveContainer":
            if let subject = subject(call.payload) { inventory.forget(subject) }
            return [send(.success([]))]
        case "StateChange": return try changed(call.payload, stream)
        case "Shutdown": return [send(.success([])), .ends]
        // Nobody asks for these; who asks all the same wants no change of a container.
        case "StopPodSandbox", "PostCreateContainer", "PostStartContainer", "UpdateContainer",
            "PostUpdateContainer", "StopContainer", "UpdatePodSandbox", "PostUpdatePodSandbox",
            "ValidateContainerAdjustment":
            return [send(.success([]))]
        default: return [send(.failure(TTRPCAnswer.unimplemented, "secd has no method \(call.method)"))]
        }
    }

    /// Nil = it cannot be read, which is counted.
    private mutating func subject(_ payload: [UInt8]) -> NRIMessage.Subject? {
        do throws(NRIFault) {
            return try NRIMessage.subject(payload)
        } catch {
            unreadable += 1
            return nil
        }
    }

    /// Older versions tell of all but the making of containers in this way.
    private mutating func changed(_ payload: [UInt8], _ stream: UInt32) throws(NRIFault) -> [Outcome] {
        let done = Outcome.send(TTRPCMessage(.plugin, .response, stream: stream, []))
        let subject: NRIMessage.Subject
        do throws(NRIFault) {
            subject = try NRIMessage.stateChange(payload)
        } catch {
            // It may be a start: then who waits gets an answer by the rules.
            return starts(nil, stream)
        }
        switch NRIMessage.Event(rawValue: subject.event) {
        case .startContainer: return starts(subject, stream)
        case .runPodSandbox, .createContainer: return [.told(inventory.take(subject)), done]
        case .removePodSandbox, .removeContainer:
            inventory.forget(subject)
            return [done]
        case nil: return [done]
        }
    }

    private mutating func starts(_ subject: NRIMessage.Subject?, _ stream: UInt32) -> [Outcome] {
        guard var subject else { return [.starts(nil, stream: stream)] }
        let told = inventory.take(subject)
        // Its rules are those of its pod, of which it may have told before.
        if subject.sandbox?.pod.namespace.isEmpty ?? true, let container = subject.container {
            subject.sandbox = inventory.sandbox(container.sandbox) ?? subject.sandbox
        }
        return [.told(told), .starts(subject, stream: stream)]
    }

    /// What runtimes have for names: it is shown, and stands in events.
    private static func isPlain(_ name: String) -> Bool {
        name.utf8.allSatisfy {
            (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "-")
        }
    }
}

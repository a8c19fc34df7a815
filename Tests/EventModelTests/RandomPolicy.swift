import CEventABI
import EventModel
import TestSupport

/// Events of policies with random content: any bytes are possible in arguments.
struct RandomPolicy {
    var random: SeededGenerator

    mutating func body(_ kind: EventKind) -> Event.Body {
        switch kind {
        case .processLoader:
            let bytes = random.bytes(Int(random.next() % 21))
            return .loader(
                LoaderEvent(path: random.text(Int(random.next() % 30)), buildID: bytes, policies: [rule()]))
        case .processThrottle:
            return .throttle(
                ThrottleEvent(
                    begins: Bool.random(using: &random), cgroup: random.text(Int(random.next() % 9)),
                    policy: word(), hook: word(), heldBack: random.next() % 3))
        case .processTracepoint: return .policy(event(.tracepoint(subsystem: word(), event: word())))
        case .processLsm: return .policy(event(.lsm(word())))
        case .processUprobe:
            return .policy(
                event(
                    .uprobe(
                        path: word(), symbol: word(), offset: random.next(), counterOffset: random.next() % 2)
                ))
        case .processUsdt: return .policy(event(.usdt(path: word(), provider: word(), name: word())))
        default: return .policy(event(.function(word())))
        }
    }

    private mutating func event(_ target: PolicyHook.Target) -> PolicyEvent {
        let effect = PolicyHook.Effect.allCases.randomElement(using: &random) ?? .observe
        var event = PolicyEvent(
            hook: PolicyHook(target, mechanism: word(), effect: effect),
            matches: (0..<random.next() % 4).map { _ in
                PolicyMatch(rule(), unknown: (0..<random.next() % 3).map { _ in word() })
            }, generation: random.next())
        event.arguments = (0..<random.next() % 8).map { _ in argument() }
        event.data = (0..<random.next() % 3).map { _ in argument() }
        if Bool.random(using: &random) { event.returned = argument() }
        event.action = PolicyAction.allCases.randomElement(using: &random) ?? .post
        event.returnAction = PolicyAction.allCases.randomElement(using: &random)
        event.verdict = PolicyVerdict.allCases.randomElement(using: &random) ?? .none
        event.expected = PolicyVerdict.allCases.randomElement(using: &random) ?? .none
        event.error = UInt32(random.next() % 140)
        (event.heldBack, event.count, event.interval) = (random.next() % 2, random.next() % 2, random.next())
        event.kernelStack = (0..<random.next() % 3).map { _ in
            PolicyStackFrame(
                address: random.next(), offset: random.next() % 2, symbol: word(), module: word())
        }
        (event.duration, event.tid) = (random.next() % 3, 0)
        (event.returnMissed, event.signalFailed) = (random.next() % 2 == 0, random.next() % 2 == 0)
        event.abi = random.next() % 2 == 0 ? .x32 : nil
        (event.imaHash, event.fileHash) = (word(), word())
        event.attribution = random.next() % 2 == 0 ? nil : .tracked
        return event
    }

    private mutating func rule() -> PolicyRule {
        PolicyRule(
            policy: word(), namespace: word(), selector: UInt32(random.next() % 3), label: word(),
            mode: PolicyRule.Mode.allCases.randomElement(using: &random) ?? .enforce,
            action: PolicyAction.allCases.randomElement(using: &random) ?? .post, message: word(),
            tags: (0..<random.next() % 3).map { _ in word() }, asksRights: Bool.random(using: &random))
    }

    private mutating func word() -> String {
        ["", "a", "ü\"", "\n\\", "/usr/bin/x"].randomElement(using: &random) ?? ""
    }

    private mutating func file() -> PolicyFile {
        PolicyFile(
            path: random.text(Int(random.next() % 40)), flags: UInt32(random.next() % 32),
            mode: UInt16(truncatingIfNeeded: random.next()))
    }

    private mutating func argument() -> PolicyArgument {
        let states: [PolicyArgument.State] = [.present, .truncated, .absent, .unreadable]
        let origins: [PolicyArgument.Origin?] = [nil, .user, .kernel]
        return PolicyArgument(
            value(), label: word(), state: states.randomElement(using: &random) ?? .present,
            origin: origins.randomElement(using: &random) ?? nil)
    }

    private mutating func value() -> PolicyArgument.Value {
        let number = random.next() % 5 == 0 ? 0 : random.next()
        let narrow = UInt32(truncatingIfNeeded: number)
        let bytes = random.bytes(Int(random.next() % 20))
        let small = UInt16(random.next() % 300)
        switch random.next() % 27 {
        case 0: return .text(random.text(Int(random.next() % 40)))
        case 1: return .int(Int32(bitPattern: narrow))
        case 2: return .uint(narrow)
        case 3: return .long(Int64(bitPattern: number))
        case 4: return .size(number)
        case 5: return .bytes(bytes, of: random.next() % 40)
        case 6: return .path(file())
        case 7: return .file(file())
        case 8: return .program(file())
        case 9:
            var socket = PolicySocket()
            (socket.family, socket.type, socket.protocolNumber) = (small % 12, small % 7, small)
            (socket.state, socket.mark, socket.priority) = (small % 14, narrow, narrow)
            (socket.source, socket.destination) = (bytes, random.bytes(16))
            (socket.sourcePort, socket.destinationPort, socket.cookie) = (small, small, number)
            return .socket(socket)
        case 10:
            var packet = PolicyPacket()
            (packet.hash, packet.length, packet.mark, packet.family) = (narrow, narrow, narrow, small % 12)
            (packet.source, packet.protocolNumber) = (random.bytes(4), small)
            return .packet(packet)
        case 11: return .address(family: small % 12, bytes, port: small)
        case 12: return .unixAddress(bytes)
        case 13: return .device(random.text(9))
        case 14:
            var credentials = secd_credentials()
            unsafe withUnsafeMutableBytes(of: &credentials) {
                unsafe $0.copyBytes(from: random.bytes($0.count))
            }
            return .credentials(credentials)
        case 15:
            return .userNamespace(
                PolicyUserNamespace(level: narrow, owner: narrow, group: 0, inode: narrow % 20))
        case 16: return .capability(Int32(bitPattern: narrow % 2 == 0 ? narrow : narrow % 64))
        case 17: return .capabilities(.any, number)
        case 18: return .capabilities(.inheritable, number)
        case 19: return .module(PolicyModule(name: bytes, isSigned: narrow % 2 == 0, taints: narrow))
        case 20: return .bpfAttributes(PolicyBPFProgram(type: narrow % 40, instructions: narrow, name: bytes))
        case 21: return .bpfProgram(PolicyBPFProgram(type: narrow, instructions: 0, name: bytes))
        case 22:
            return .bpfMap(
                PolicyBPFMap(type: narrow % 40, keySize: narrow, valueSize: 0, entries: 1, name: bytes))
        case 23:
            return .perfEvent(
                PolicyPerfEvent(type: narrow % 9, config: number, probeOffset: 0, function: bytes))
        case 24: return .bpfCommand(narrow % 50)
        case 25: return .syscall(number: narrow % 500, .x32)
        default: return .failure(word())
        }
    }
}

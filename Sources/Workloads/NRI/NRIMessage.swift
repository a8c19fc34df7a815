import TextEncoding
package import WorkloadModel

/// Messages of NRI (nri.pkg.api.v1alpha1), as far as they are asked for.
package enum NRIMessage {
    package static let pluginService = "nri.pkg.api.v1alpha1.Plugin"
    package static let runtimeService = "nri.pkg.api.v1alpha1.Runtime"

    /// `Event`, those that are subscribed for.
    package enum Event: UInt64, CaseIterable, Sendable {
        case runPodSandbox = 1
        case removePodSandbox = 3
        case createContainer = 4
        case startContainer = 6
        case removeContainer = 11
    }

    /// Labels, annotations of one thing that are looked at.
    private static let mostEntries = 1024

    /// A sandbox, with its pod.
    package struct Sandbox: Sendable, Equatable {
        package var id = ""
        package var pod = Pod()
    }

    /// A container as its runtime describes it.
    package struct Container: Sendable, Equatable {
        package var id = ""
        package var sandbox = ""
        package var name = ""
        package var labels: [String: String] = [:]
        /// Of the OCI configuration.
        package var annotations: [String: String] = [:]
        /// Its first process; 0 = not said.
        package var process: UInt32 = 0
        /// As the OCI configuration has it: a path, or slice, prefix and name for systemd.
        package var cgroup = ""
        /// Nanoseconds since 1970; 0 = not said.
        package var created: UInt64 = 0
    }

    /// A pod and a container of it: all requests about either have one or both.
    package struct Subject: Sendable, Equatable {
        package var sandbox: Sandbox?
        package var container: Container?
        /// Of `StateChangeEvent` alone.
        package var event: UInt64 = 0
    }

    /// `ConfigureRequest`.
    package struct Configuration: Sendable, Equatable {
        package var runtime = ""
        package var version = ""
        /// How long the runtime waits for an answer, milliseconds; 0 = not said.
        package var patience: UInt64 = 0

        package init(_ bytes: [UInt8]) throws(NRIFault) {
            for field in try NRIFault.fields(bytes[...], of: "a configuration") {
                switch field.number {
                case 2: runtime = field.value.text.shown(64)
                case 3: version = field.value.text.shown(64)
                case 5: patience = field.value.number
                default: break
                }
            }
        }
    }

    /// `SynchronizeRequest`.
    package struct State: Sendable, Equatable {
        package var sandboxes: [Sandbox] = []
        package var containers: [Container] = []
        /// There is more to come in another one.
        package var hasMore = false
        /// Pods and containers that cannot be read.
        package var unreadable = 0

        package init(_ bytes: [UInt8]) throws(NRIFault) {
            for field in try NRIFault.fields(bytes[...], of: "a list") {
                switch field.number {
                case 1, 2: take(field)
                case 3: hasMore = field.value.number != 0
                default: break
                }
            }
        }

        /// One that cannot be read must not hide the others: who made it may be anybody.
        private mutating func take(_ field: ProtobufReader.Field) {
            do throws(NRIFault) {
                if field.number == 1 {
                    sandboxes.append(try NRIMessage.sandbox(field.value))
                } else {
                    containers.append(try NRIMessage.container(field.value))
                }
            } catch {
                unreadable += 1
            }
        }
    }

    /// `StateChangeEvent`: the number of what happened, the pod and its container.
    package static func stateChange(_ bytes: [UInt8]) throws(NRIFault) -> Subject {
        var subject = Subject()
        for field in try NRIFault.fields(bytes[...], of: "an event") {
            switch field.number {
            case 1: subject.event = field.value.number
            case 2: subject.sandbox = try sandbox(field.value)
            case 3: subject.container = try container(field.value)
            default: break
            }
        }
        return subject
    }

    /// `RunPodSandboxRequest`, `CreateContainerRequest`, `StartContainerRequest` and their kin.
    package static func subject(_ bytes: [UInt8]) throws(NRIFault) -> Subject {
        var subject = Subject()
        for field in try NRIFault.fields(bytes[...], of: "a request about a pod") {
            switch field.number {
            case 1: subject.sandbox = try sandbox(field.value)
            case 2: subject.container = try container(field.value)
            default: break
            }
        }
        return subject
    }

    private static func sandbox(_ value: ProtobufReader.Value) throws(NRIFault) -> Sandbox {
        var result = CRIAnswer.Sandbox()
        for field in try NRIFault.fields(value.bytes, of: "a pod", 1, 2, 3, 4, 5, 6) {
            switch field.number {
            case 1: result.id = field.value.text
            case 2: result.pod.name = field.value.text
            case 3: result.pod.uid = field.value.text
            case 4: result.pod.namespace = field.value.text
            case 5: insert(field.value, &result.pod.labels)
            case 6: insert(field.value, &result.pod.annotations)
            default: break
            }
        }
        let told = result.withoutKubelet
        return Sandbox(id: told.id, pod: told.pod)
    }

    private static func container(_ value: ProtobufReader.Value) throws(NRIFault) -> Container {
        var result = Container()
        // Arguments and environment are of any length, and their author's choice.
        let fields = try NRIFault.fields(value.bytes, of: "a container", 1, 2, 3, 5, 6, 11, 12, 14)
        for field in fields {
            switch field.number {
            case 1: result.id = field.value.text
            case 2: result.sandbox = field.value.text
            case 3: result.name = field.value.text
            case 5: insert(field.value, &result.labels)
            case 6: insert(field.value, &result.annotations)
            case 11:
                let linux = try NRIFault.fields(field.value.bytes, of: "a container", 5)
                result.cgroup = linux.first?.value.text ?? ""
            case 12: result.process = UInt32(clamping: field.value.number)
            case 14: result.created = field.value.number
            default: break
            }
        }
        // Of the kubelet and of the runtime, about what is said elsewhere.
        result.labels = result.labels.filter { key, _ in
            !["io.kubernetes.", "io.cri-containerd.", "io.containerd."].contains { key.hasPrefix($0) }
        }
        return result
    }

    private static func insert(_ entry: ProtobufReader.Value, _ map: inout [String: String]) {
        let (key, value) = entry.entry
        if map.count < mostEntries { map[key] = value }
    }

    // MARK: What is sent

    /// `RegisterPluginRequest`.
    /// - Parameter index: two digits: plugins are called in their order.
    package static func registration(name: String, index: String) -> [UInt8] {
        ProtobufReader.message(1, Array(name.utf8)) + ProtobufReader.message(2, Array(index.utf8))
    }

    /// `ConfigureResponse`: subscribes for `Event`, a bit each.
    package static var subscription: [UInt8] {
        var events = Event.allCases.reduce(UInt64(0)) { $0 | 1 << ($1.rawValue - 1) }
        var number: [UInt8] = []
        repeat {
            number.append(UInt8(events & 0x7f) | (events > 0x7f ? 0x80 : 0))
            events >>= 7
        } while events > 0
        return [2 << 3] + number
    }

    /// `SynchronizeResponse`: whether more may come.
    package static func synchronized(hasMore: Bool) -> [UInt8] { hasMore ? [2 << 3, 1] : [] }
}

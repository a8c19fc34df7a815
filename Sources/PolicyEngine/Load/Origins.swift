import BPFRuntime
import PolicyCompiler
import PolicyModel

/// What processes had at exec, kept in the kernel while a generation asks what has changed since.
final class Origins {
    private let map: SharedBPFMap
    private var programs: [LoadedPrograms] = []
    private var execs: BPFLink?
    private var forks: BPFLink?

    private static let onExec = "on_exec_origin"
    private static let onFork = "on_fork_origin"

    init(_ map: SharedBPFMap) { self.map = map }

    /// From here on images bring what they begin with. Processes that began before have what they have now:
    /// more is not known of them.
    /// - Throws: `BPFError` where the kernel refuses the programs.
    func follow(_ engine: EnginePrograms) throws(BPFError) {
        let isNew = execs == nil || forks == nil
        if isNew {
            let loaded = (try engine.common(Self.onExec), try engine.common(Self.onFork))
            programs = [loaded.0, loaded.1]
            execs = try loaded.0.file.attach(Self.onExec)
            forks = try loaded.1.file.attach(Self.onFork)
        }
        OriginSeed(map, replacesAll: isNew).write()
    }

    /// No generation asks any more.
    func stop() {
        execs = nil
        forks = nil
    }
}

extension Generation {
    /// Whether a rule asks what has changed since exec.
    var asksForChanges: Bool {
        hooks.contains { hook in
            (hook.dimensions + hook.returnDimensions).contains { dimension in
                guard case .bits(let bits) = dimension, case .process(let fact) = bits.input else {
                    return false
                }
                switch fact {
                case .namespaceChanges, .capabilityChanges: return true
                default: return false
                }
            }
        }
    }
}

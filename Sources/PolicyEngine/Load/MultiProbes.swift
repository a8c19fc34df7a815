import BPFRuntime

/// Probes on many functions of the kernel: one link for all that come with a change (kprobe_multi), and one for the
/// returns of those that are waited for.
///
/// A link is taken away with the last of its hooks. Until then the others' functions are still passed, and nothing is
/// judged there: to make the link anew would tell calls twice, or lose some. So the numbers of all of its hooks stay
/// theirs.
final class MultiProbes {
    /// A link in an array: noncopyable values cannot stand there by themselves.
    private final class Link {
        private let link: BPFLink
        init(_ link: consuming BPFLink) { self.link = link }
    }

    private struct Group {
        var hooks: Set<UInt32>
        var links: [Link]
        var programs: [LoadedPrograms]
    }

    /// A hook and its function.
    private struct Member {
        var hook: UInt32
        var function: String
        var waits: Bool
    }

    private let programs: EnginePrograms
    private var groups: [Group] = []

    init(_ programs: EnginePrograms) { self.programs = programs }

    /// Hooks that a link still passes, wanted or not.
    var numbers: Set<UInt32> { groups.reduce(into: []) { $0.formUnion($1.hooks) } }

    /// Attaches those of the hooks that are met so, and are not yet.
    func attach(_ wanted: [HookAttachments.Wanted]) throws(HookAttachments.Failure) {
        let known = numbers
        var waiting = wanted.compactMap { hook -> Member? in
            guard case .multiProbe(let function) = hook.mechanism.attachment, !known.contains(hook.number)
            else { return nil }
            return Member(hook: hook.number, function: function, waits: hook.waits)
        }
        while !waiting.isEmpty {
            // A link has a function once.
            var functions: Set<String> = []
            let batch = waiting.filter { functions.insert($0.function).inserted }
            let hooks = Set(batch.map(\.hook))
            waiting.removeAll { hooks.contains($0.hook) }
            try attach(batch)
        }
    }

    /// All at once; where that fails one by one, so that it is known which of them the kernel refuses.
    private func attach(_ batch: [Member]) throws(HookAttachments.Failure) {
        do throws(BPFError) {
            groups.append(try group(batch))
        } catch {
            guard batch.count > 1 else { throw HookAttachments.Failure(hook: batch[0].hook, error: error) }
            for member in batch { try attach([member]) }
        }
    }

    private func group(_ batch: [Member]) throws(BPFError) -> Group {
        var group = Group(hooks: Set(batch.map(\.hook)), links: [], programs: [])
        // The return first: what a call keeps waits for it.
        for (program, members) in [
            (EnginePrograms.probeReturn, batch.filter(\.waits)), (EnginePrograms.probe, batch),
        ] where !members.isEmpty {
            let loaded = try programs.multiProbe(program)
            let link = try loaded.file.attach(
                program, functions: members.map { ($0.function, UInt64($0.hook)) },
                onReturn: program == EnginePrograms.probeReturn)
            group.links.append(Link(link))
            group.programs.append(loaded)
        }
        return group
    }

    /// Detaches what none of these hooks needs.
    func detach(allBut numbers: Set<UInt32>) {
        groups.removeAll { $0.hooks.isDisjoint(with: numbers) }
    }
}

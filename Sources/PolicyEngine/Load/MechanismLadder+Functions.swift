import CEventABI
import PolicyCompiler
import PolicyModel

/// Functions of the kernel and LSM hooks.
extension MechanismLadder {
    /// Functions of one entry, from which on they share a program: one of its own for each takes 0.1 s and more to be
    /// verified.
    static let manyFunctions = 8

    func function(_ symbol: String, _ needs: Needs) throws(Obstacle) -> HookMechanism {
        let hook = symbol.hasPrefix("security_") ? String(symbol.dropFirst("security_".count)) : nil
        // Of what can be attached to a function only a kprobe has the registers; it cannot refuse.
        if needs.registers, !needs.deny, facts.kprobeObstacle == nil { return probe(symbol) }
        let prototype = kernel.function(symbol)
        // Linux 6.1 finds none of a module for such a link.
        let isShared = facts.multiProbeObstacle == nil && prototype?.module.isEmpty ?? true
        if isShared, needs.manyFunctions, !needs.deny { return multiProbe(symbol) }
        if needs.deny || !needs.wait, let hook, facts.lsmObstacle == nil, isAlike(symbol, hook) {
            return try lsm(hook, needs)
        }
        // A program at such a function cannot refuse; what stands for it may.
        if needs.deny, hook == nil, facts.cgroupObstacle == nil, let standIn = try standIn(symbol),
            standIn.canDeny
        {
            return standIn
        }
        if facts.fentryObstacle == nil, let prototype {
            if needs.deny, hook != nil {
                return mechanism(
                    "fmod_ret/\(symbol)", SECD_POLICY_BY_FMOD_RET, canDeny: true, symbol, "on_modify")
            }
            if !needs.deny, !isTraced(prototype) {
                if isShared { return multiProbe(symbol) }
                if facts.kprobeObstacle == nil { return probe(symbol) }
            }
            return mechanism(
                "fentry/\(symbol)", SECD_POLICY_BY_FENTRY, canDeny: false, symbol, "on_function",
                returning: "on_function_return")
        }
        if needs.deny || needs.enforce && facts.kprobeObstacle != nil,
            let files = asked(.function(symbol), needs)
        {
            return files
        }
        if isShared { return multiProbe(symbol) }
        if facts.kprobeObstacle == nil { return probe(symbol) }
        if let standIn = try standIn(symbol) { return standIn }
        if let files = asked(.function(symbol), needs) { return files }
        throw Obstacle(
            reason:
                "functions of the kernel need fentry (\(facts.fentryObstacle ?? "it does not know this one"))"
                + " or kprobes (\(facts.kprobeObstacle ?? ""))")
    }

    /// Whether fentry takes the function on all kernels: with all of its arguments in registers. Linux 6.1 takes no
    /// others, and what lies on the stack is not read anyhow.
    private func isTraced(_ function: KernelFunction) -> Bool {
        let types = function.module.isEmpty ? kernel : kernel.module(function.module) ?? kernel
        return types.words(of: function).allSatisfy { $0 != nil }
    }

    private func multiProbe(_ symbol: String) -> HookMechanism {
        HookMechanism(
            name: "kprobe_multi/\(symbol)", number: UInt16(SECD_POLICY_BY_KPROBE_MULTI),
            attachment: .multiProbe(symbol), canSignal: true, canDeny: false, canWait: true,
            killEffect: .killBeforeReturn,
            blindSpots: ["calls that the compiler has put inline are not seen"])
    }

    private func probe(_ symbol: String) -> HookMechanism {
        HookMechanism(
            name: "kprobe/\(symbol)", number: UInt16(SECD_POLICY_BY_KPROBE), attachment: .probe(symbol),
            canSignal: true, canDeny: false, canWait: true, killEffect: .killBeforeReturn,
            blindSpots: ["calls that the compiler has put inline are not seen"])
    }

    /// Whether a hook has the arguments of the function that asks it. Some have others (security_mmap_file has three,
    /// its hook four, security_inode_rename five and four): an argument would be taken for another one, or for what
    /// the programs before have returned, which then became the answer to the kernel.
    private func isAlike(_ symbol: String, _ hook: String) -> Bool {
        guard let asked = kernel.lsmHook(hook) else { return false }
        guard let asking = kernel.function(symbol) else { return true }
        return asked.parameters.map(\.type) == asking.parameters.map(\.type)
    }

    func lsm(_ hook: String, _ needs: Needs) throws(Obstacle) -> HookMechanism {
        guard let obstacle = facts.lsmObstacle else {
            guard kernel.lsmHook(hook) != nil else {
                throw Obstacle(reason: "this kernel has no LSM hook \(hook)")
            }
            return mechanism("lsm/\(hook)", SECD_POLICY_BY_LSM, canDeny: true, hook, "on_lsm")
        }
        if needs.enforce, let files = asked(.lsm(hook), needs) { return files }
        if let standIn = try standIn("security_\(hook)") { return standIn }
        if let files = asked(.lsm(hook), needs) { return files }
        var reason = "LSM hooks need BPF LSM: \(obstacle)"
        if FileCalls(.lsm(hook)) != nil { reason += "; " + (fileObstacle() ?? FileCalls.condition) }
        throw Obstacle(reason: reason)
    }

    private func mechanism(
        _ name: String, _ number: Int32, canDeny: Bool, _ target: String, _ program: String,
        returning: String? = nil
    ) -> HookMechanism {
        HookMechanism(
            name: name, number: UInt16(number),
            attachment: .function(target, program: program, returning: returning), canSignal: true,
            canDeny: canDeny, canWait: returning != nil, killEffect: .killBeforeReturn, blindSpots: [])
    }
}

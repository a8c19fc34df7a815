import PolicyCompiler
import PolicyModel

/// `Set`, and `Override` in uprobes: whether the kernel lets the program be changed, and how.
extension PolicyCheck {
    private static let seenChanged =
        "what other policies read at this place may be changed already"

    /// Override in a program: it goes on elsewhere, or with other registers.
    mutating func check(change action: ActionSpec, _ hook: CheckedHook, _ placed: inout Placed) {
        guard allows(placed.mechanism.canChange, ladder.facts.registerObstacle, action, hook, &placed) else {
            return
        }
        guard case .program(let places) = placed.mechanism.attachment else { return }
        var movesOn = action.assignments.contains { $0.movesOn }
        if let location = action.newLocation {
            movesOn = true
            if places.distance(to: location.location) == nil {
                fault(location.place, "\(hook.path): \(location.key): \(places.path) has no such place")
            }
        }
        if action.movesStack {
            // Its return would be looked for where the stack begins then.
            if placed.waits {
                fault(
                    action.place,
                    "\(hook.path): Override of rsp (also by argError) is not possible where the policy waits for the return"
                )
            }
            placed.blindSpots.append(
                "rsp is changed: a return probe that another tool puts at the same place would break the program"
            )
        }
        placed.blindSpots.append(Self.seenChanged)
        if movesOn { raise(.prevent, &placed, atReturn: false) }
    }

    /// Set: an argument, or what it leads to.
    mutating func check(set action: ActionSpec, _ hook: CheckedHook, _ placed: inout Placed) {
        guard action.written != .register else {
            if allows(placed.mechanism.canChange, ladder.facts.registerObstacle, action, hook, &placed) {
                placed.blindSpots.append(Self.seenChanged)
            }
            return
        }
        guard allows(placed.mechanism.canWrite, ladder.facts.memoryObstacle, action, hook, &placed) else {
            return
        }
        placed.blindSpots.append(
            "memory that the program shares with its parent since fork, or never wrote to, cannot be written: "
                + "the event says so (signal_failed)")
        guard case .program(let places) = placed.mechanism.attachment, let index = action.argument else {
            return
        }
        for site in places.sites {
            guard let arguments = site.arguments else { continue }
            let reason =
                index.value < arguments.count
                ? action.written == .argument ? arguments[index.value].writeObstacle : nil
                : "does not exist; there are \(arguments.count)"
            guard let reason else { continue }
            let offset = "offset 0x" + String(site.offset, radix: 16)
            fault(
                index.place, "\(hook.path): Set: argument \(index.value) of the probe at \(offset) \(reason)")
            return
        }
    }

    /// Whether the kernel allows it; else the policy is refused, or only observes where it accepts that.
    private mutating func allows(
        _ isPossible: Bool, _ obstacle: String?, _ action: ActionSpec, _ hook: CheckedHook,
        _ placed: inout Placed
    ) -> Bool {
        guard !isPossible else { return true }
        let name = action.kind.value.rawValue
        let reason = "\(name) in a program: \(obstacle ?? "\(placed.mechanism.name) cannot do it")"
        if policy.policy.acceptsDegraded {
            placed.isDegraded = true
            placed.blindSpots.append(reason)
        } else {
            fault(
                action.place,
                "\(hook.path): \(reason); Sigkill at the same place ends the process before the code goes on, and "
                    + "degraded: true only observes")
        }
        return false
    }
}

extension ProgramPlaces {
    /// From where the probe stands to another place of the program, as it is mapped; nil where there is none.
    func distance(to location: ProbeLocation) -> Int64? {
        let point = AttachPoint.uprobe(path: path, location: location, counterOffset: 0)
        guard let from = sites.first?.offset, let to = try? program.image.sites(of: point).first?.offset
        else {
            return nil
        }
        return program.image.distance(from: from, to: to)
    }
}

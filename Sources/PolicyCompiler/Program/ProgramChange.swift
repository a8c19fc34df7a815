public import PolicyModel

extension UsdtArgument {
    /// Why `Set` can write neither it nor what it leads to, behind its name; nil = it can.
    public var writeObstacle: String? {
        switch origin {
        case .constant: "is a constant in the program"
        case .unknown: "stands where it cannot be reached"
        case .register(let register):
            size < 8 || register.size < 8
                ? "is a number in a register, of which the program may have a copy" : nil
        case .memory: nil
        }
    }
}

extension ActionSpec {
    /// Where `Override` lets a program go on, and the key and place that say so; nil = not by a place in its file.
    public var newLocation: (location: ProbeLocation, key: String, place: SourcePlace)? {
        if let newSymbol { return (.symbol(newSymbol.value), "argNewSymbol", newSymbol.place) }
        if let newAddress { return (.address(newAddress.value), "argNewAddr", newAddress.place) }
        if let newOffset { return (.offset(newOffset.value), "argNewOffset", newOffset.place) }
        return nil
    }

    /// What `Override` assigns to registers, but for where it lets the program go on.
    public var assignments: [RegisterAssignment] {
        if !registers.isEmpty { return registers.compactMap { try? RegisterAssignment.parse($0.value) } }
        guard newLocation == nil, let error else { return [] }
        return RegisterAssignment.returning(error.value)
    }

    /// Whether `Override` in a program lets the stack begin somewhere else.
    public var movesStack: Bool {
        kind.value == .override && assignments.contains { $0.movesStack }
    }
}

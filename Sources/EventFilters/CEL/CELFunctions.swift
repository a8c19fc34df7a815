extension CELRun {
    mutating func matches(_ value: CELValue, _ regex: LinearRegex) throws(CELFailure) -> Bool {
        guard case .string(let text) = value.resolved(like: .string("")) else { throw .mismatch }
        try spend(text.utf8.count / 16)
        return regex.matches(text)
    }

    mutating func call(_ function: CELFunction, _ arguments: [CELValue]) throws(CELFailure) -> CELValue {
        let first = arguments[0]
        switch function {
        case .startsWith, .endsWith, .contains, .matches:
            return .bool(try compare(function, first, arguments[1]))
        case .size: return .int(Int64(try size(of: first)))
        case .int, .uint, .double, .string, .bool: return try converted(first, to: function)
        case .dyn: return first
        default: return try networkCall(function, first, arguments.count > 1 ? arguments[1] : .null)
        }
    }

    private mutating func compare(
        _ function: CELFunction, _ value: CELValue, _ argument: CELValue
    ) throws(CELFailure) -> Bool {
        guard case .string(let text) = value.resolved(like: .string("")),
            case .string(let part) = argument.resolved(like: .string(""))
        else { throw .mismatch }
        try spend((text.utf8.count + part.utf8.count) / 16)
        switch function {
        case .startsWith: return text.utf8.starts(with: part.utf8)
        case .endsWith:
            return text.utf8.count >= part.utf8.count
                && text.utf8.suffix(part.utf8.count).elementsEqual(part.utf8)
        case .matches:
            guard let regex = try? LinearRegex(part) else { throw .mismatch }
            // A pattern that comes from the event is compiled for every event.
            try spend(1_000)
            return regex.matches(text)
        default:
            // The characters of the part stand for themselves, so this is the search of a literal.
            return LinearRegex(literal: part).matches(text)
        }
    }

    private mutating func size(of value: CELValue) throws(CELFailure) -> Int {
        switch value {
        case .string(let text):
            try spend(text.utf8.count / 16)
            return text.unicodeScalars.count
        case .list(let list): return list.count
        case .map(let members): return members.count
        case .unset: return 0
        default: throw .mismatch
        }
    }

    private func converted(_ value: CELValue, to function: CELFunction) throws(CELFailure) -> CELValue {
        let result: CELValue? =
            switch (function, value) {
            case (.int, .int), (.uint, .uint), (.double, .double), (.string, .string), (.bool, .bool): value
            case (.int, .unset): .int(0)
            case (.int, .uint(let number)): Int64(exactly: number).map { .int($0) }
            case (.int, .double(let number)): Int64(exactly: number.rounded(.towardZero)).map { .int($0) }
            case (.int, .string(let text)): Int64(text).map { .int($0) }
            case (.uint, .unset): .uint(0)
            case (.uint, .int(let number)): UInt64(exactly: number).map { .uint($0) }
            case (.uint, .double(let number)): UInt64(exactly: number.rounded(.towardZero)).map { .uint($0) }
            case (.uint, .string(let text)): UInt64(text).map { .uint($0) }
            case (.double, .unset): .double(0)
            case (.double, .int(let number)): .double(Double(number))
            case (.double, .uint(let number)): .double(Double(number))
            case (.double, .string(let text)): Double(text).map { .double($0) }
            case (.string, .unset): .string("")
            case (.string, .int(let number)): .string(String(number))
            case (.string, .uint(let number)): .string(String(number))
            case (.string, .double(let number)): .string(String(number))
            case (.string, .bool(let flag)): .string(flag ? "true" : "false")
            case (.string, .address(let address)): .string(address.text)
            case (.string, .network(let network)): .string(network.text)
            case (.bool, .unset): .bool(false)
            case (.bool, .string(let text)): ["true": .bool(true), "false": .bool(false)][text]
            default: nil
            }
        guard let result else { throw .mismatch }
        return result
    }

    private func networkCall(
        _ function: CELFunction, _ value: CELValue, _ argument: CELValue
    ) throws(CELFailure) -> CELValue {
        switch (function, value) {
        case (.isIP, .string(let text)): return .bool(IPAddress(text) != nil)
        case (.isCIDR, .string(let text)): return .bool(IPNetwork(text) != nil)
        case (.isIP, .unset), (.isCIDR, .unset): return .bool(false)
        case (.ip, .string(let text)): return .address(try address(.string(text)))
        case (.ip, .network(let network)): return .address(network.address)
        case (.cidr, .string(let text)): return .network(try network(.string(text)))
        case (.isCanonical, .string(let text)): return .bool(try address(.string(text)).text == text)
        case (.family, .address(let address)): return .int(address.isIPv4 ? 4 : 6)
        case (.isUnspecified, .address(let address)): return .bool(address.isUnspecified)
        case (.isLoopback, .address(let address)): return .bool(address.isLoopback)
        case (.isLinkLocalUnicast, .address(let address)): return .bool(address.isLinkLocalUnicast)
        case (.isLinkLocalMulticast, .address(let address)): return .bool(address.isLinkLocalMulticast)
        case (.isGlobalUnicast, .address(let address)): return .bool(address.isGlobalUnicast)
        case (.containsIP, .network(let network)): return .bool(network.contains(try address(argument)))
        case (.containsCIDR, .network(let network)):
            return .bool(network.contains(try self.network(argument)))
        case (.prefixLength, .network(let network)): return .int(Int64(network.prefixLength))
        case (.masked, .network(let network)): return .network(network.masked)
        default: throw .mismatch
        }
    }

    private func address(_ value: CELValue) throws(CELFailure) -> IPAddress {
        switch value {
        case .address(let address): return address
        case .string(let text):
            guard let address = IPAddress(text) else { throw .mismatch }
            return address
        default: throw .mismatch
        }
    }

    private func network(_ value: CELValue) throws(CELFailure) -> IPNetwork {
        switch value {
        case .network(let network): return network
        case .string(let text):
            guard let network = IPNetwork(text) else { throw .mismatch }
            return network
        default: throw .mismatch
        }
    }
}

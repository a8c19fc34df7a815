import CEventABI
import PolicyCompiler
import PolicyModel

/// Arguments of calls as the words that they lie in.
extension ColumnReader {
    /// Arguments that the program is called with, as words.
    package var argumentCount: Int {
        if case .rawTracepoint(_, let count) = standIn?.kind { return count }
        guard let prototype else { return 0 }
        // What lies on the stack stands behind the others.
        return words.isEmpty
            ? prototype.parameters.count : words.reduce(0) { $0 + ($1?.count ?? 1) }
    }

    /// The word that an argument is. Structures by value shift what stands behind them.
    func word(of position: Int) throws(Obstacle) -> Int {
        guard position < words.count else { return position }
        guard let own = words[position] else {
            throw Obstacle(reason: "argument \(position) of \(point.name) lies on the stack")
        }
        guard own.count == 1 else {
            throw Obstacle(
                reason: "argument \(position) of \(point.name) is a structure of two words, by value")
        }
        return own.lowerBound
    }

    /// Where an address comes with its length, no more than that is read.
    func setAddressLength(_ packed: inout secd_policy_column) {
        guard packed.size_argument == 0xff, packed.from == UInt8(SECD_POLICY_FROM_ARGUMENT) else { return }
        switch point {
        case .syscall("connect"), .syscall("bind"): packed.size_argument = 2
        case .syscall("sendto"): packed.size_argument = 5
        case .function(let symbol) where symbol.hasPrefix("security_socket_"), .lsm(let symbol):
            if symbol.hasSuffix("socket_connect") || symbol.hasSuffix("socket_bind") {
                packed.size_argument = 2
            }
        default: break
        }
    }
}

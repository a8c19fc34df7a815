import CEventABI
import PolicyCompiler
import PolicyEngine
import Testing

/// The numbers that lead to a system call.
@Suite struct CallNumberTests {
    private let table = SyscallTable.x86

    /// Every 32-bit call is judged by the rules of a 64-bit one, or is on the list of those that are none.
    @Test func no32BitCallSlipsPast() {
        let judged = Set(table.names.flatMap { CallNumbers.positions(of: $0, table) })
        let missing = table.compatNumbers.filter { name, number in
            !judged.contains(UInt32(SECD_POLICY_CALLS_COMPAT) + UInt32(number))
        }
        #expect(Set(missing.keys) == CallNumbers.onlyCompat)
    }

    /// Two calls with one number would be one hook.
    @Test func noNumberIsOfTwoCalls() {
        let positions = table.names.flatMap { CallNumbers.positions(of: $0, table) }
        #expect(positions.count == Set(positions).count)
    }

    private static let known: [(String, [UInt32])] = [
        ("openat", [257, 1024 + 295]),
        ("truncate", [76, 1024 + 92, 1024 + 193]),
        ("newlstat", [6, 1024 + 107, 1024 + 196, 1024 + 84]),
        // 520 is of x32.
        ("execve", [59, 520, 1024 + 11]),
        // socketcall(2) by its first argument.
        ("connect", [42, 1024 + 362, 1984 + 3]),
        ("sendto", [44, 1024 + 369, 1984 + 11, 1984 + 9]),
        ("sendmmsg", [307, 538, 1024 + 345, 1984 + 20]),
    ]

    @Test(arguments: known)
    func positions(_ name: String, _ expected: [UInt32]) {
        #expect(CallNumbers.positions(of: name, table) == expected)
    }
}

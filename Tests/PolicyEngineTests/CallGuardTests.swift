import PolicyCompiler
import PolicyEngine
import Testing

/// Where system calls are made to fail.
@Suite struct CallGuardTests {
    private let table = SyscallTable.x86

    /// A misspelt name would be a call that is never refused.
    @Test func everyCallIsOne() {
        #expect(Set(CallGuards.ways.keys).subtracting(table.names) == [])
        #expect(CallGuards.ways.values.allSatisfy { !$0.hooks.isEmpty })
    }

    /// Calls that do something before they ask, or in cases of which they ask nobody.
    @Test(arguments: [
        "umask", "prctl", "setns", "unshare", "splice", "setfsuid", "prlimit64", "rt_sigqueueinfo",
        "process_vm_writev",
    ])
    func callsThatAskNobodyHaveNoWay(_ call: String) {
        #expect(table.numbers[call] != nil)
        #expect(CallGuards.ways[call] == nil)
    }

    private static let known: [(String, [String])] = [
        ("umask", ["__ia32_sys_umask"]),
        ("setuid", ["__ia32_sys_setuid", "__ia32_sys_setuid16"]),
        ("truncate", ["__ia32_compat_sys_truncate", "__ia32_sys_ia32_truncate64"]),
        ("clock_gettime", ["__ia32_sys_clock_gettime", "__ia32_sys_clock_gettime32"]),
        ("newstat", ["__ia32_compat_sys_newstat", "__ia32_compat_sys_ia32_stat64", "__ia32_sys_stat"]),
        ("connect", ["__ia32_sys_connect", "__ia32_compat_sys_socketcall"]),
    ]

    @Test("a call is found by the functions of 32-bit programs, too", arguments: known)
    func narrowFunctions(_ call: String, _ narrow: [String]) {
        let names = CallGuards.functionNames(of: call)

        #expect(names.wide == ["__x64_sys_" + call, "__x64_compat_sys_" + call])
        #expect(Set(narrow).subtracting(names.narrow) == [])
    }

    /// `__ia32_sys_mmap_pgoff`, `__ia32_sys_llseek`: a guard that missed one of them would let calls pass.
    @Test(arguments: ["mmap", "lseek", "exit_group"])
    func callsWithOtherFunctionsHaveNone(_ call: String) {
        #expect(CallGuards.functionNames(of: call).wide.isEmpty)
        #expect(CallGuards.functionNames(of: call).narrow.isEmpty)
    }
}

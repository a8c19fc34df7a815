/// Linux capabilities by number, with the names of Tetragon's `CapabilitiesType` (three of which
/// lack the prefix there).
public enum Capability {
    static let names: [EnumCase] = [
        EnumCase("CAP_CHOWN", 0), EnumCase("DAC_OVERRIDE", 1), EnumCase("CAP_DAC_READ_SEARCH", 2),
        EnumCase("CAP_FOWNER", 3), EnumCase("CAP_FSETID", 4), EnumCase("CAP_KILL", 5),
        EnumCase("CAP_SETGID", 6),
        EnumCase("CAP_SETUID", 7), EnumCase("CAP_SETPCAP", 8), EnumCase("CAP_LINUX_IMMUTABLE", 9),
        EnumCase("CAP_NET_BIND_SERVICE", 10), EnumCase("CAP_NET_BROADCAST", 11),
        EnumCase("CAP_NET_ADMIN", 12),
        EnumCase("CAP_NET_RAW", 13), EnumCase("CAP_IPC_LOCK", 14), EnumCase("CAP_IPC_OWNER", 15),
        EnumCase("CAP_SYS_MODULE", 16), EnumCase("CAP_SYS_RAWIO", 17), EnumCase("CAP_SYS_CHROOT", 18),
        EnumCase("CAP_SYS_PTRACE", 19), EnumCase("CAP_SYS_PACCT", 20), EnumCase("CAP_SYS_ADMIN", 21),
        EnumCase("CAP_SYS_BOOT", 22), EnumCase("CAP_SYS_NICE", 23), EnumCase("CAP_SYS_RESOURCE", 24),
        EnumCase("CAP_SYS_TIME", 25), EnumCase("CAP_SYS_TTY_CONFIG", 26), EnumCase("CAP_MKNOD", 27),
        EnumCase("CAP_LEASE", 28), EnumCase("CAP_AUDIT_WRITE", 29), EnumCase("CAP_AUDIT_CONTROL", 30),
        EnumCase("CAP_SETFCAP", 31), EnumCase("CAP_MAC_OVERRIDE", 32), EnumCase("CAP_MAC_ADMIN", 33),
        EnumCase("CAP_SYSLOG", 34), EnumCase("CAP_WAKE_ALARM", 35), EnumCase("CAP_BLOCK_SUSPEND", 36),
        EnumCase("CAP_AUDIT_READ", 37), EnumCase("CAP_PERFMON", 38), EnumCase("CAP_BPF", 39),
        EnumCase("CAP_CHECKPOINT_RESTORE", 40),
    ]

    /// The last capability that this build has a name for.
    public static let last = names.count - 1

    private static let numbers = Dictionary(
        uniqueKeysWithValues: names.map { (bare($0.name.description), Int($0.number)) })

    private static func bare(_ name: String) -> String {
        let name = name.uppercased()
        return name.hasPrefix("CAP_") ? String(name.dropFirst(4)) : name
    }

    /// The number of `CAP_SYS_ADMIN`, `SYS_ADMIN` or `cap_sys_admin`; nil for a name that is none.
    public static func number(of name: String) -> Int? { numbers[bare(name)] }

    /// A capability by its number.
    static func named(_ number: Int) -> EnumCase {
        // A capability newer than this build has no name; the schema keeps the field an enum, so it
        // is shown by its number's neighbour only in protobuf, where any number may stand.
        return number <= last ? names[number] : EnumCase("CAP_UNKNOWN", Int32(truncatingIfNeeded: number))
    }
}

/// Secure bits with the names of Tetragon's `SecureBitsType` (include/uapi/linux/securebits.h).
enum SecureBit {
    static let names: [EnumCase] = [
        EnumCase("SecBitNoRoot", 1), EnumCase("SecBitNoRootLocked", 2), EnumCase("SecBitNoSetUidFixup", 4),
        EnumCase("SecBitNoSetUidFixupLocked", 8), EnumCase("SecBitKeepCaps", 16),
        EnumCase("SecBitKeepCapsLocked", 32), EnumCase("SecBitNoCapAmbientRaise", 64),
        EnumCase("SecBitNoCapAmbientRaiseLocked", 128),
    ]

    /// The bits that have a name.
    static let known: UInt32 = 0xff

    static func member(_ index: Int, of bits: UInt32) -> EnumCase {
        var rest = bits & known
        for _ in 0..<index { rest &= rest &- 1 }
        return names[min(rest.trailingZeroBitCount, names.count - 1)]
    }
}

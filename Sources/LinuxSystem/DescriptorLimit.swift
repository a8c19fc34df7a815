import Glibc

/// How many descriptors the process may have.
public enum DescriptorLimit {
    /// Every map, program and attachment is a descriptor: the sensors have some 250, a hook of a policy a handful.
    public static let wanted: UInt = 65_536

    /// Raises the limit to what is wanted, or as near as the kernel allows. Returns the limit in force.
    ///
    /// Distributions leave 1,024, for programs that use select(2); none of ours does.
    @discardableResult
    public static func raise() -> UInt {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard unsafe getrlimit(resource, &limit) == 0 else { return 0 }
        if limit.rlim_cur >= wanted { return limit.rlim_cur }
        var raised = rlimit(rlim_cur: wanted, rlim_max: max(limit.rlim_max, wanted))
        // A higher hard limit needs CAP_SYS_RESOURCE; without it the present one is the most there is.
        if unsafe setrlimit(resource, &raised) == 0 { return raised.rlim_cur }
        raised = rlimit(rlim_cur: min(limit.rlim_max, wanted), rlim_max: limit.rlim_max)
        return unsafe setrlimit(resource, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur
    }
}

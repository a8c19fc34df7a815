import Glibc
import LinuxSystem
import Testing

struct DescriptorLimitTests {
    private func current() -> UInt {
        var limit = rlimit()
        return unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 ? limit.rlim_cur : 0
    }

    @Test func theLimitInForceIsWhatIsReturnedAndIsNeverLowered() {
        let before = current()
        let raised = DescriptorLimit.raise()
        #expect(raised == current())
        #expect(raised >= before)
        #expect(DescriptorLimit.raise() == raised)
    }

    @Test func atLeastWhatTheHardLimitAllowsIsThere() {
        var limit = rlimit()
        #expect(unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
        #expect(DescriptorLimit.raise() >= min(limit.rlim_max, DescriptorLimit.wanted))
    }
}

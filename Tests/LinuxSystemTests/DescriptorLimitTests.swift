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

    @Test(.enabled(if: geteuid() == 0, "needs root"))
    func rootGetsWhatIsWanted() {
        #expect(DescriptorLimit.raise() >= DescriptorLimit.wanted)
    }
}

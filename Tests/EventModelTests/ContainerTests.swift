import EventModel
import Testing

@Suite struct ContainerTests {
    private static let id = String(repeating: "0123456789abcdef", count: 4)
    private static let inner = String(repeating: "fedcba9876543210", count: 4)

    private func container(_ path: String) -> String {
        String(decoding: ContainerID.prefix(inCgroup: Array(path.utf8)), as: UTF8.self)
    }

    @Test(arguments: [
        "/system.slice/docker-\(ContainerTests.id).scope", "/docker/\(ContainerTests.id)",
        "/machine.slice/libpod-\(ContainerTests.id).scope/container",
        "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1a_2b.slice/cri-containerd-\(ContainerTests.id).scope",
        "/kubepods/besteffort/pod1a2b/\(ContainerTests.id)",
        "/kubepods.slice/crio-\(ContainerTests.id).scope",
        "/system.slice/containerd.service/kubepods-besteffort-pod1.slice:cri-containerd:\(ContainerTests.id)",
        ContainerTests.id,
    ])
    func runtimesNameTheirCgroups(_ path: String) {
        #expect(container(path) == "0123456789abcdef0123456789abcde")
    }

    @Test(arguments: [
        "", "/", "/init.scope", "/user.slice/user-1000.slice/session-3.scope", "/system.slice/ssh.service",
        "/machine.slice/libpod-conmon-\(ContainerTests.id).scope", "/x\(ContainerTests.id)",
        "/\(ContainerTests.id)0z", "/docker/\(ContainerTests.id.dropLast())",
        "/docker/\(ContainerTests.id.uppercased())", "/docker-\(ContainerTests.id).scope.d",
    ])
    func otherNamesAreTheHost(_ path: String) {
        #expect(container(path).isEmpty)
    }

    /// A container in a container: the one that the process sees.
    @Test func theInnermostCounts() {
        #expect(
            container("/docker/\(Self.id)/kubelet.slice/cri-containerd-\(Self.inner).scope/x.service")
                == Self.inner.prefix(31))
    }

    @Test func capabilitiesByName() {
        #expect(Capability.number(of: "CAP_SYS_ADMIN") == 21)
        #expect(Capability.number(of: "DAC_OVERRIDE") == 1 && Capability.number(of: "cap_dac_override") == 1)
        #expect(Capability.number(of: "checkpoint_restore") == Capability.last)
        #expect(Capability.number(of: "CAP_NONE") == nil)
    }
}

/// What the path of a cgroup says about who runs in it. Names in a path are chosen by whoever made the cgroup:
/// they are a hint until a provider confirms them.
public struct CgroupPlace: Sendable, Hashable {
    /// What a cgroup is for.
    public enum Kind: String, Sendable, Hashable {
        /// The root of the hierarchy, and slices: the machine itself.
        case host
        /// A unit of systemd.
        case unit
        /// A login session.
        case session
        /// A container of a runtime that names its cgroups.
        case container
        /// A machine of machinectl: nspawn, a virtual machine.
        case machine
        /// A helper of a runtime that runs on the host, though its cgroup bears a container's name.
        case monitor
        /// The cgroup of a pod, above those of its containers.
        case pod
        /// None of these: perhaps a container whose runtime was told which cgroup to use.
        case other
    }

    /// What the innermost name that says something says.
    public var kind = Kind.host
    /// docker, containerd, cri-o, podman, runc, crun, lxc, nspawn, libvirt, or empty where the path does not tell.
    public var runtime = ""
    /// Of a container, or the name of a machine; whole, as the runtime knows it.
    public var id = ""
    /// The innermost unit of systemd, also inside of a container; empty outside of any.
    public var unit = ""
    /// The innermost slice of systemd; empty below the root.
    public var slice = ""
    /// Whose session or user manager it is.
    public var user: UInt32?
    /// Of the pod, as Kubernetes writes it; empty outside of pods.
    public var podUID = ""
    /// guaranteed, burstable or besteffort; empty outside of pods.
    public var quality = ""

    public init() {}
}

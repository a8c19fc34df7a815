/// Fields of `tetragon.KprobeArgument` and its parts; own fields from `Field.firstOwnNumber`.
public enum PolicyArgumentFields {
    public static let text = Field("string_arg", 1, .string, "Text.")
    public static let int = Field("int_arg", 2, .int32, "Signed number of up to 32 bits.")
    public static let packet = Field("skb_arg", 3, .message, "A packet.")
    public static let size = Field("size_arg", 4, .uint64, "Unsigned number of 64 bits.")
    public static let bytes = Field("bytes_arg", 5, .bytes, "A whole buffer.")
    public static let path = Field("path_arg", 6, .message, "A path.")
    public static let file = Field("file_arg", 7, .message, "A file.")
    public static let truncatedBytes = Field(
        "truncated_bytes_arg", 8, .message, "The beginning of a buffer.")
    public static let socket = Field("sock_arg", 9, .message, "A socket.")
    public static let long = Field("long_arg", 11, .int64, "Signed number of 64 bits.")
    public static let bpfAttributes = Field(
        "bpf_attr_arg", 12, .message, "What bpf(2) was asked to load.")
    public static let perfEvent = Field("perf_event_arg", 13, .message, "A perf event.")
    public static let bpfMap = Field("bpf_map_arg", 14, .message, "A BPF map.")
    public static let uint = Field("uint_arg", 15, .uint32, "Unsigned number of up to 32 bits.")
    public static let capability = Field("capability_arg", 17, .message, "A capability.")
    public static let label = Field("label", 18, .string, "Name that the policy gives to the value.")
    public static let credentials = Field("process_credentials_arg", 19, .message, "Credentials.")
    public static let userNamespace = Field("user_ns_arg", 20, .message, "A user namespace.")
    public static let module = Field("module_arg", 21, .message, "A kernel module.")
    public static let anyCapabilities = Field(
        "kernel_cap_t_arg", 22, .string, "A set of capabilities, 16 hexadecimal digits.")
    public static let inheritable = Field(
        "cap_inheritable_arg", 23, .string, "An inheritable set, 16 hexadecimal digits.")
    public static let permitted = Field(
        "cap_permitted_arg", 24, .string, "A permitted set, 16 hexadecimal digits.")
    public static let effective = Field(
        "cap_effective_arg", 25, .string, "An effective set, 16 hexadecimal digits.")
    public static let program = Field("linux_binprm_arg", 26, .message, "A program to be executed.")
    public static let device = Field("net_dev_arg", 27, .message, "A network device.")
    public static let bpfCommand = Field("bpf_cmd_arg", 28, .enumeration, "A command of bpf(2).")
    public static let syscall = Field("syscall_id", 29, .message, "A syscall.")
    public static let address = Field("sockaddr_arg", 30, .message, "An address.")
    public static let bpfProgram = Field("bpf_prog_arg", 31, .message, "A BPF program.")
    public static let failure = Field("error_arg", 32, .message, "Why there is no value.")
    public static let unixAddress = Field("sockaddrun_arg", 33, .message, "The name of a Unix socket.")
    public static let state = Field(
        "state", 50_000, .string, "truncated, absent or unreadable; unset where the value is whole.")
    public static let origin = Field(
        "source", 50_001, .string,
        "Of a path: kernel = from the file itself; user = the string that the process passed.")

    public static let mount = Field("mount", 1, .string, "Mount point; it is part of path here.")
    public static let filePath = Field("path", 2, .string, "Path as the host sees it.")
    public static let fileFlags = Field(
        "flags", 3, .string,
        "What is unsure about the path: unresolvedPathComponents unreadable detached deleted.")
    public static let filePermission = Field(
        "permission", 4, .string, "Type and permissions, as ls shows them.")
    public static let programPath = Field("path", 1, .string, "Path as the host sees it.")
    public static let programFlags = Field("flags", 2, .string, "What is unsure about the path.")
    public static let programPermission = Field(
        "permission", 3, .string, "Type and permissions, as ls shows them.")
    public static let originalBytes = Field("bytes_arg", 1, .bytes, "Its first bytes.")
    public static let originalSize = Field("orig_size", 2, .uint64, "Its whole length.")

    public static let family = Field("family", 1, .string, "AF_INET, AF_INET6, …")
    public static let type = Field("type", 2, .string, "SOCK_STREAM, SOCK_DGRAM, …")
    public static let protocolName = Field("protocol", 3, .string, "IPPROTO_TCP, IPPROTO_UDP, …")
    public static let mark = Field("mark", 4, .uint32, "SO_MARK.")
    public static let priority = Field("priority", 5, .uint32, "SO_PRIORITY.")
    public static let source = Field("saddr", 6, .string, "Address of this end.")
    public static let destination = Field("daddr", 7, .string, "Address of the other end.")
    public static let sourcePort = Field("sport", 8, .uint32, "Port of this end.")
    public static let destinationPort = Field("dport", 9, .uint32, "Port of the other end.")
    public static let cookie = Field("cookie", 10, .uint64, "The kernel's socket cookie.")
    public static let socketState = Field("state", 11, .string, "TCP_ESTABLISHED, TCP_LISTEN, …")

    public static let packetHash = Field("hash", 1, .uint32, "Hash of its flow.")
    public static let packetLength = Field("len", 2, .uint32, "Length in bytes.")
    public static let packetPriority = Field("priority", 3, .uint32, "Queueing priority.")
    public static let packetMark = Field("mark", 4, .uint32, "Mark of netfilter.")
    public static let packetSource = Field("saddr", 5, .string, "Source address.")
    public static let packetDestination = Field("daddr", 6, .string, "Destination address.")
    public static let packetSourcePort = Field("sport", 7, .uint32, "Source port.")
    public static let packetDestinationPort = Field("dport", 8, .uint32, "Destination port.")
    public static let packetProtocolNumber = Field("proto", 9, .uint32, "Number of the protocol.")
    public static let securityPathLength = Field(
        "sec_path_len", 10, .uint32, "Elements of its IPsec path.")
    public static let securityPathOffloaded = Field(
        "sec_path_olen", 11, .uint32, "Elements that the hardware handled.")
    public static let packetProtocol = Field("protocol", 12, .string, "IPPROTO_TCP, IPPROTO_UDP, …")
    public static let packetFamily = Field("family", 13, .string, "AF_INET or AF_INET6.")

    public static let addressText = Field("addr", 2, .string, "IP address.")
    public static let addressPort = Field("port", 3, .uint32, "Port.")
    public static let unixPath = Field("path", 2, .string, "Name; an abstract one begins with @.")
    public static let name = Field("name", 1, .string, "Name.")
    public static let message = Field("Message", 1, .string, "The reason.")
    public static let capabilityValue = Field("value", 1, .int32Value, "Number.")
    public static let capabilityName = Field("name", 2, .string, "CAP_SYS_ADMIN, …")
    public static let credentialCapabilities = Field("caps", 10, .message, "Capability sets.")
    public static let namespaceInode = Field("ns", 4, .message, "The namespace.")
    public static let signatureOK = Field("signature_ok", 2, .boolValue, "Whether its signature is valid.")
    public static let tainted = Field(
        "tainted", 3, .enumeration, repeated: true, "How it taints the kernel.")
    public static let syscallNumber = Field("id", 1, .uint32, "Its number.")
    public static let syscallABI = Field("abi", 2, .string, "x64, x32 or i386.")

    public static let programType = Field("ProgType", 1, .string, "BPF_PROG_TYPE_KPROBE, …")
    public static let instructions = Field("InsnCnt", 2, .uint32, "Instructions.")
    public static let programName = Field("ProgName", 3, .string, "Name.")
    public static let mapType = Field("MapType", 1, .string, "BPF_MAP_TYPE_HASH, …")
    public static let keySize = Field("KeySize", 2, .uint32, "Bytes of a key.")
    public static let valueSize = Field("ValueSize", 3, .uint32, "Bytes of a value.")
    public static let entries = Field("MaxEntries", 4, .uint32, "Entries at most.")
    public static let mapName = Field("MapName", 5, .string, "Name.")
    public static let kprobeFunction = Field("KprobeFunc", 1, .string, "Function of a kprobe.")
    public static let perfType = Field("Type", 2, .string, "PERF_TYPE_TRACEPOINT, …")
    public static let perfConfig = Field("Config", 3, .uint64, "What it counts, by type.")
    public static let probeOffset = Field("ProbeOffset", 4, .uint64, "Inside the function.")
}

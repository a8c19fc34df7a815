import AgentModel
import ControlProtos
import GRPCCore

/// `RuntimeHook` of `tetragon.FineGuidanceSensors`: hooks of container runtimes tell of what is about to start.
struct RuntimeHookService {
    let agent: any AgentControl
    let authority: ChangeAuthority

    /// Bytes of an id, a name, an image.
    private static let longestText = 4096
    /// Annotations that are looked at; Kubernetes bounds theirs at 256 KiB together.
    private static let mostAnnotations = 4096

    func register<Transport: ServerTransport>(on service: String, with router: inout RPCRouter<Transport>) {
        let agent = agent
        router.change(service, "RuntimeHook", authority) {
            (request: Tetragon_RuntimeHookRequest, metadata) throws(PolicyChangeError) in
            guard case .createContainer(let container) = request.event else {
                throw PolicyChangeError(.invalid, "the request tells of no container")
            }
            try await agent.register(Self.registration(container, metadata))
            return Tetragon_RuntimeHookResponse()
        }
    }

    private static func registration(
        _ container: Tetragon_CreateContainer, _ metadata: Metadata
    ) throws(PolicyChangeError) -> ContainerRegistration {
        guard !container.containerID.isEmpty else {
            throw PolicyChangeError(.invalid, "the container has no id")
        }
        let texts = [
            container.containerID, container.cgroupsPath, container.containerName, container.containerImage,
            container.podName, container.podNamespace, container.podUid,
        ]
        guard texts.allSatisfy({ $0.utf8.count <= longestText }),
            container.annotations.count <= mostAnnotations
        else {
            throw PolicyChangeError(
                .invalid,
                "the container has a text of more than \(longestText) bytes, or more than "
                    + "\(mostAnnotations) annotations")
        }
        var registration = ContainerRegistration(id: container.containerID)
        registration.cgroup = container.cgroupsPath
        registration.annotations = container.annotations
        registration.name = container.containerName
        registration.image = container.containerImage
        registration.podName = container.podName
        registration.podNamespace = container.podNamespace
        registration.podUID = container.podUid
        let caller = metadata[stringValues: PeerMark.processHeader].first { _ in true }
        registration.caller = caller.flatMap(UInt32.init) ?? 0
        return registration
    }
}

public import AgentModel
import ControlProtos
import SwiftProtobuf

extension AgentClient {
    /// Tells of a container that is about to start. Returns when the policies that select it hold for it.
    /// - Parameter container: `caller` is not sent: the daemon asks the kernel.
    public func register(_ container: ContainerRegistration) async throws {
        var request = Tetragon_RuntimeHookRequest()
        request.createContainer.containerID = container.id
        request.createContainer.cgroupsPath = container.cgroup
        request.createContainer.annotations = container.annotations
        request.createContainer.containerName = container.name
        request.createContainer.containerImage = container.image
        request.createContainer.podName = container.podName
        request.createContainer.podNamespace = container.podNamespace
        request.createContainer.podUid = container.podUID
        _ = try await call(
            ClientTarget.method("RuntimeHook", of: SensorsService.name), request,
            Tetragon_RuntimeHookResponse.self)
    }
}

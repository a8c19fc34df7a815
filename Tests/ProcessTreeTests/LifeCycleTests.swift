import CEventABI
import EventModel
import ProcessTree
import Testing

@Suite struct LifeCycleTests {
    private let initial = Machine.image(1, 1)

    private func machine() -> Machine {
        let machine = Machine()
        machine.seed(initial)
        return machine
    }

    @Test func aForkedProcessHasItsParentsImageAndItsOwnIdentity() {
        var machine = machine()
        let child = machine.fork(initial, pid: 10)
        #expect(child.binary == "/sbin/init")
        #expect(child.key.pid == 10)
        #expect(child.parent?.key.pid == 1)
        #expect(child.image.has(SECD_IMAGE_CLONE))
        #expect(!child.image.has(SECD_IMAGE_SEEDED))
        #expect(machine.tree.live == 2)
    }

    @Test func anExecBeginsAnImageWithTheSameParent() {
        var machine = machine()
        let child = machine.fork(initial, pid: 10)
        let shell = machine.exec(child.key, "/bin/sh")
        #expect(shell !== child)
        #expect(shell.binary == "/bin/sh")
        #expect(shell.parent?.key.pid == 1)
        #expect(child.state == .ended)
        #expect(machine.tree.live == 2)
        #expect(machine.tree.retained == 1)
        machine.settle()
        #expect(machine.tree.retained == 0)
    }

    /// Tetragon's `clone` in the flags of an exec: the first image of a process that was forked.
    @Test func onlyTheFirstExecAfterAForkIsAClone() {
        var machine = machine()
        let child = machine.fork(initial, pid: 10)
        let first = machine.exec(child.key, "/bin/sh")
        #expect(first.image.has(SECD_IMAGE_CLONE))
        let second = machine.exec(first.key, "/bin/ls")
        #expect(!second.image.has(SECD_IMAGE_CLONE))
    }

    @Test func ancestryCrossesExecAndExit() {
        var machine = machine()
        let shell = machine.exec(machine.fork(initial, pid: 10).key, "/bin/sh")
        let child = machine.exec(machine.fork(shell.key, pid: 11).key, "/bin/make")
        // The shell becomes another program: what it started still descends from the shell.
        machine.exec(shell.key, "/bin/true")
        machine.settle()
        #expect(child.parent === shell)
        #expect(child.parent?.binary == "/bin/sh")
        #expect(child.lineage == [10, 1])
    }

    @Test func exitedAncestorsStayWhileADescendantLives() {
        var machine = machine()
        let first = machine.fork(initial, pid: 10)
        let second = machine.fork(first.key, pid: 11)
        let third = machine.fork(second.key, pid: 12)
        machine.exit(first.key)
        machine.exit(second.key)
        machine.settle()
        #expect(machine.tree.find(first.key) === first)
        #expect(third.lineage == [11, 10, 1])
        #expect(machine.tree.live == 2)
        #expect(machine.tree.retained == 2)

        machine.exit(third.key)
        machine.settle()
        #expect(machine.tree.live == 1)
        #expect(machine.tree.retained == 0)
        #expect(machine.tree.find(first.key) == nil)
    }

    @Test func anEndedImageLingersForLateRecords() {
        var machine = machine()
        let child = machine.fork(initial, pid: 10)
        let key = child.key
        machine.exit(key)
        machine.tree.collect(before: machine.now + ProcessTree.lingering)
        #expect(machine.tree.find(key) === child)
        machine.tree.collect(before: machine.now + ProcessTree.lingering + 1)
        #expect(machine.tree.find(key) == nil)
    }

    @Test func anExitThatIsReportedTwiceCountsOnce() {
        var machine = machine()
        let child = machine.fork(initial, pid: 10)
        machine.exit(child.key)
        machine.exit(child.key)
        #expect(machine.tree.live == 1)
        machine.settle()
        #expect(machine.tree.live == 1)
        #expect(machine.tree.retained == 0)
    }

    @Test func aReusedPidIsAnotherProcess() {
        var machine = machine()
        let old = machine.exec(machine.fork(initial, pid: 10).key, "/bin/old")
        let oldKey = old.key
        machine.exit(oldKey)
        let new = machine.exec(machine.fork(initial, pid: 10).key, "/bin/new")
        #expect(machine.tree.find(oldKey)?.binary == "/bin/old")
        #expect(machine.tree.find(new.key)?.binary == "/bin/new")
        machine.settle()
        #expect(machine.tree.find(oldKey) == nil)
        #expect(machine.tree.find(new.key) === new)
    }

    @Test func aSeededProcessMayExec() {
        var machine = machine()
        let old = Machine.image(50, 5)
        machine.seed(old, parent: initial, binary: "/usr/sbin/sshd")
        machine.tree.linkSeeds()
        let new = machine.exec(old, "/bin/bash")
        #expect(new.parent?.key.pid == 1)
        #expect(!new.image.has(SECD_IMAGE_SEEDED))
        machine.settle()
        #expect(machine.tree.find(old) == nil)
        #expect(machine.tree.live == 2)
    }

    @Test func seedsAreJoinedInAnyOrder() {
        let machine = Machine()
        machine.seed(Machine.image(30, 3), parent: Machine.image(20, 2))
        machine.seed(Machine.image(20, 2), parent: initial)
        machine.seed(initial)
        machine.tree.linkSeeds()
        machine.tree.linkSeeds()
        #expect(machine.tree.find(Machine.image(30, 3))?.lineage == [20, 1])
        #expect(machine.tree.find(Machine.image(20, 2))?.references == 1)
    }

    /// The iterator may see a process whose fork record is in the ring already, and the reverse.
    @Test func aProcessThatIsSeededAndReportedIsOne() {
        var machine = machine()
        let child = machine.fork(initial, pid: 10)
        machine.seed(child.key, parent: initial)
        #expect(machine.tree.find(child.key) === child)
        #expect(machine.tree.live == 2)

        let other = Machine.image(11, machine.tick())
        machine.seed(other, parent: initial)
        var record = secd_fork()
        record.image = other
        record.parent = initial
        #expect(machine.tree.fork(record) === machine.tree.find(other))
        #expect(machine.tree.live == 3)
    }

    @Test func theImageOfNobodyIsNotFound() {
        let machine = Machine()
        #expect(machine.tree.find(secd_image()) == nil)
    }
}

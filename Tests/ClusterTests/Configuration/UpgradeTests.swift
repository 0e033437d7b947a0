import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("Upgrades by handing the listeners over")
    struct UpgradeTests {
        @Test("three upgrades under load: no connection is refused or reset, new or kept")
        func handover() async throws {
            let upstream = try await DemoUpstream()
            let node = try UpgradedNode(upstream)
            try await node.start()
            let kept = Load(port: node.port, "/a", clients: 3)
            let fresh = Load(port: node.port, "/a", ["Connection: close"], clients: 3, pause: .zero)
            try await fresh.more(100)
            for _ in 0..<3 {
                let old = node.current
                try await node.start()
                #expect(try await old?.waitForExit(within: .seconds(20)) == .exited(0))
                try await fresh.more(100)
                try await kept.more(20)
            }
            for load in [kept, fresh] {
                let outcomes = try await load.stop()
                #expect(outcomes.allSatisfy { $0.status == 200 }, "\(outcomes.statuses) \(outcomes.errors)")
            }
            #expect(try request("/readyz", port: node.adminPort).status == 200)
        }

        @Test("a request under way is finished by the old process, while the new one serves")
        func underWay() async throws {
            let upstream = try await DemoUpstream()
            let node = try UpgradedNode(upstream)
            try await node.start()
            let slow = try RawConnection(port: node.port)
            try slow.sendRequest(["GET /delay/700 HTTP/1.1", "Host: a"])
            try await eventually("the slow request is under way") {
                try request("/metrics", port: node.adminPort).text.contains(
                    #"sluice_requests_in_flight{route="all"} 1"#)
            }
            let old = node.current
            try await node.start()
            #expect(try slow.readResponse().status == 200, "what was under way is finished")
            #expect(try await old?.waitForExit() == .exited(0))
            #expect(try request("/a", port: node.port).status == 200)
        }

        @Test("a new process that can't start leaves the old one serving")
        func failedUpgrade() async throws {
            let upstream = try await DemoUpstream()
            let node = try UpgradedNode(upstream)
            try await node.start()
            let taken = try TestOrigin { _ in .response() }
            let other = try node.files.write(
                "other.yaml",
                node.text.replacing("listeners: [", with: "listeners: [{ bind: \"127.0.0.1:\(taken.port)\" }, "))
            let failed = try await sluice("run", "--config", other, "--handover", node.path)
            #expect(failed.exit == .exited(1))
            #expect(failed.standardError.contains("\(taken.port)"))
            #expect(try request("/a", port: node.port).status == 200)
            #expect(node.current?.isRunning == true)
            let old = node.current
            try await node.start()
            #expect(try await old?.waitForExit() == .exited(0), "and another try succeeds")
        }

        @Test("a socket that a crashed process left behind is replaced; an orderly end removes it")
        func leftBehind() async throws {
            let upstream = try await DemoUpstream()
            let node = try UpgradedNode(upstream)
            try await node.start()
            node.current?.signal(SIGKILL)
            try await node.current?.waitForExit()
            try await node.start()
            #expect(try request("/a", port: node.port).status == 200)
            #expect(try await node.current?.terminate() == .exited(0))
            #expect(!FileManager.default.fileExists(atPath: node.path))
        }

        @Test("sockets that systemd has opened are served, and connections wait in them while nobody runs")
        func socketActivation() async throws {
            let upstream = try await DemoUpstream()
            let node = try UpgradedNode(upstream)
            let activation = try await SocketActivation(ports: [node.port, node.adminPort])
            let waiting = try RawConnection(port: node.port, timeout: .seconds(20))
            try waiting.sendRequest(["GET /a HTTP/1.1", "Host: a"])
            for _ in 0..<2 {
                let child = try activation.run(
                    Executables.sluice, ["run", "--config", node.configuration, "--workers", "2"])
                try await eventually("the node is ready", within: .seconds(20)) {
                    try request("/readyz", port: node.adminPort, timeout: .seconds(5)).status == 200
                }
                #expect(try request("/a", port: node.port).status == 200)
                #expect(try await child.terminate() == .exited(0))
            }
            #expect(try waiting.readResponse().status == 200)
        }
    }
}

/// A node that is replaced by starting it again.
private final class UpgradedNode: Sendable {
    let port: Int
    let adminPort: Int
    let files: TemporaryDirectory
    let configuration: String
    let text: String
    private let processes = ProcessBox()

    init(_ upstream: DemoUpstream) throws {
        port = try freePort()
        adminPort = try freePort()
        files = try TemporaryDirectory("upgrade")
        text = """
            listeners: [{ bind: "127.0.0.1:\(port)" }]
            admin: { bind: "127.0.0.1:\(adminPort)" }
            access_log: { path: off }
            drain: 5s
            upstreams: { app: { targets: ["\(upstream.url)"] } }
            routes: [{ name: all, upstream: app }]

            """
        configuration = try files.write("sluice.yaml", text)
    }

    var path: String { files.file("handover.sock") }
    var current: ChildProcess? { processes.current }

    func start() async throws {
        let child = try ChildProcess(
            Executables.sluice, ["run", "--config", configuration, "--handover", path, "--workers", "2"])
        processes.current = child
        try await child.waitForLine(containing: "sluice is serving", within: .seconds(20))
    }
}

/// Listening sockets given to a program as systemd does it: as descriptors from 3 on.
private final class SocketActivation: Sendable {
    private let script: String
    private let files: TemporaryDirectory
    private let holder: ChildProcess

    /// Opens the sockets in a process of its own, which holds them and starts programs with them.
    init(ports: [Int]) async throws {
        files = try TemporaryDirectory("activation")
        script = try files.write(
            "activate.py",
            """
            import os, socket, sys, time
            sockets = []
            for port in sys.argv[2].split(","):
                s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind(("127.0.0.1", int(port))); s.listen(100); sockets.append(s)
            print("listening", flush=True)
            started = 0
            while True:
                path = os.path.join(sys.argv[1], "run%d" % started)
                if not os.path.exists(path): time.sleep(0.02); continue
                arguments = open(path).read().split("\\n"); started += 1
                pid = os.fork()
                if pid == 0:
                    for n, s in enumerate(sockets): os.dup2(s.fileno(), 50 + n)
                    for n in range(len(sockets)): os.dup2(50 + n, 3 + n); os.set_inheritable(3 + n, True)
                    os.environ.update(LISTEN_FDS=str(len(sockets)), LISTEN_PID=str(os.getpid()))
                    os.execv(arguments[0], arguments)
                open(path + ".pid.new", "w").write(str(pid)); os.rename(path + ".pid.new", path + ".pid")
                _, status = os.waitpid(pid, 0)
                open(path + ".end.new", "w").write(str(os.waitstatus_to_exitcode(status))); os.rename(path + ".end.new", path + ".end")
            """)
        holder = try ChildProcess(
            "/usr/bin/python3", [script, files.path, ports.map(String.init).joined(separator: ",")])
        try await holder.waitForLine(containing: "listening")
    }

    struct Program: Sendable {
        fileprivate let files: TemporaryDirectory
        fileprivate let name: String
        fileprivate let pid: pid_t

        func terminate() async throws -> ChildProcess.Exit {
            kill(pid, SIGTERM)
            let file = files.file(name + ".end")
            try await eventually("the program ends", within: .seconds(20)) {
                FileManager.default.fileExists(atPath: file)
            }
            return .exited(Int32(try String(contentsOfFile: file, encoding: .utf8)) ?? -1)
        }
    }

    func run(_ executable: String, _ arguments: [String]) throws -> Program {
        let number = (0...).first { !FileManager.default.fileExists(atPath: files.file("run\($0)")) } ?? 0
        let name = "run\(number)"
        let draft = try files.write("draft", ([executable] + arguments).joined(separator: "\n"))
        try FileManager.default.moveItem(atPath: draft, toPath: files.file(name))
        let end = Date().addingTimeInterval(10)
        while Date() < end {
            if let text = try? String(contentsOfFile: files.file(name + ".pid"), encoding: .utf8), let pid = pid_t(text)
            {
                return Program(files: files, name: name, pid: pid)
            }
            usleep(10_000)
        }
        throw TestFailure("the program was not started: \(holder.standardError)")
    }
}

import Policies

/// Questions to the store, and what their answers mean for leases and requests.
extension LeasingRateLimitStore {
    // MARK: Asking

    /// Asks the store for what is lacking, in one call, and keeps the rest ready.
    func inquire(_ request: TakeRequest, _ now: Int) -> Bool {
        counters.inquiries += 1
        let inquiry = unused.popLast() ?? LeasingInquiry(self)
        inquiry.outer = request
        inquiry.inner.hasWaitedInVain = request.hasWaitedInVain
        swap(&inquiry.parts, &parts)
        // First, so that what is asked for counts it as held: a policy may be named twice.
        for index in inquiry.parts.indices { reserve(&inquiry.parts[index]) }
        for (index, entry) in request.entries.enumerated() where inquiry.parts[index].isInquired {
            let ask = ask(&inquiry.parts[index], now)
            inquiry.inner.add(entry.policy, subject: request.subject(of: entry), cost: entry.cost, ask: ask)
        }
        guard send(inquiry) else { return false }
        conclude(inquiry, isAwaited: false)
        return true
    }

    private func reserve(_ part: inout LeasingPart) {
        guard case .paid = part.role, let cell = part.cell else { return }
        cell.lease.reserve(part.cost)
        part.epoch = cell.lease.epoch
        counters.paid += 1
    }

    private func ask(_ part: inout LeasingPart, _ now: Int) -> LeaseAsk? {
        guard case .asked = part.role, let cell = part.cell, let ask = write(cell, now) else {
            part.role = .charged
            return nil
        }
        part.want = ask.want
        return ask
    }

    /// The next step of a lease, which must go out now; nil if one is out already.
    private func write(_ cell: LeasingCell, _ now: Int) -> LeaseAsk? {
        sequence += 1
        guard let ask = cell.lease.ask(sequence: sequence, isClosing: isClosing, now: now) else { return nil }
        counters.returned += ask.returned
        if !cell.isActive {
            cell.isActive = true
            active.append(cell)
        }
        return ask
    }

    /// - Returns: whether the answer is there.
    private func send(_ inquiry: LeasingInquiry) -> Bool {
        openInquiries += 1
        inquiry.sent = now()
        inquiry.inner.waiter = inquiry
        return store.take(inquiry.inner)
    }

    /// Asks for the lease alone.
    func tend(_ cell: LeasingCell, _ now: Int) {
        guard let ask = write(cell, now) else { return }
        counters.tended += 1
        let inquiry = unused.popLast() ?? LeasingInquiry(self)
        cell.pins += 1
        inquiry.parts.append(
            LeasingPart(cell: cell, cost: 0, windows: cell.policy.windows.count, role: .asked, want: ask.want))
        cell.subject.withUnsafeBufferPointer { inquiry.inner.add(cell.policy, subject: $0, cost: 0, ask: ask) }
        if send(inquiry) { conclude(inquiry, isAwaited: false) }
    }

    // MARK: Answers

    func conclude(_ inquiry: LeasingInquiry) { conclude(inquiry, isAwaited: true) }

    private func conclude(_ inquiry: LeasingInquiry, isAwaited: Bool) {
        let now = now()
        learn(from: inquiry, now)
        let outer = inquiry.outer
        let isInVain =
            inquiry.inner.isDegraded || inquiry.inner.outcome == .unavailable || now - inquiry.sent > Self.patience
        if let outer { answer(outer, from: inquiry, now) }
        openInquiries -= 1
        var answered: [LeasingCell] = []
        for part in inquiry.parts {
            part.cell?.pins -= 1
            guard case .asked = part.role, let cell = part.cell else { continue }
            if !cell.waiting.isEmpty || isClosing { answered.append(cell) }
        }
        inquiry.reset()
        if unused.count < Self.mostUnused { unused.append(inquiry) }
        // From here on others' code runs, which may ask again.
        if isAwaited, let outer { outer.waiter?.decided(outer) }
        for cell in answered { resumeWaiting(for: cell, isInVain: isInVain) }
        if isClosing { closeFurther(answered) }
    }

    /// What the answer says about leases and buckets.
    private func learn(from inquiry: LeasingInquiry, _ now: Int) {
        let inner = inquiry.inner
        // What a node decides alone says nothing of the shared bucket.
        let isShared = inner.outcome != .unavailable && !inner.isDegraded
        var entry = 0
        var start = 0
        for part in inquiry.parts where part.isInquired {
            defer {
                entry += 1
                start += part.windows
            }
            guard let cell = part.cell else { continue }
            var granted = 0
            if case .asked = part.role {
                if let grant = inner.entries[entry].grant {
                    cell.lease.answered(grant)
                    granted = grant.granted
                    counters.granted += granted
                } else {
                    cell.lease.lost(now: now)
                }
            }
            guard isShared, cell.policy === inner.entries[entry].policy else { continue }
            cell.note(inner.windows[start..<start + part.windows], now: now)
            tell(cell, part, granted: granted, isAdmitted: inner.outcome == .admitted, now)
        }
    }

    private func tell(_ cell: LeasingCell, _ part: LeasingPart, granted: Int, isAdmitted: Bool, _ now: Int) {
        let tightest = cell.toldState(cell.tightest)
        let wait = tightest.waitMicroseconds
        // A request that others refused got nothing here, whatever there was.
        guard wait > 0 || isAdmitted else { return }
        let word = Lease.Word(
            wait: wait, gained: wait == 0 ? part.cost + granted : 0, isShort: granted < part.want,
            isScarce: Pace.isScarce(tightest.remaining, cell.policy.windows[cell.tightest]), nextToken: cell.nextToken,
            room: tightest.resetMicroseconds)
        cell.lease.told(word, cost: part.cost, now: now)
    }

    private func answer(_ outer: TakeRequest, from inquiry: LeasingInquiry, _ now: Int) {
        let inner = inquiry.inner
        let isAdmitted = inner.outcome == .admitted
        for part in inquiry.parts {
            guard case .paid = part.role, let cell = part.cell else { continue }
            cell.lease.release(part.cost, isSpent: isAdmitted, epoch: part.epoch)
            if !isAdmitted { counters.paid -= 1 }
        }
        outer.isDegraded = inner.isDegraded
        outer.slot = inner.slot
        defer { outer.conclude(inner.outcome) }
        guard inner.outcome != .unavailable else { return }
        var start = 0
        var asked = 0
        for (index, part) in inquiry.parts.enumerated() {
            let entry = outer.entries[index]
            guard part.isInquired else {
                appendOwnStates(part, entry, to: outer, now)
                continue
            }
            outer.entries[index].places = inner.entries[asked].places
            asked += 1
            for (place, window) in entry.policy.windows.enumerated() {
                var state = inner.windows[start + place]
                if !inner.isDegraded, let cell = part.cell {
                    state.remaining = min(window.capacity, state.remaining + cell.lease.available)
                }
                outer.append(state)
            }
            start += part.windows
        }
    }

    /// Requests that waited for the lease's question look again; what they lack now they ask for themselves.
    ///
    /// - Parameter isInVain: the store did not answer, or so late that nobody should wait for it a second time.
    private func resumeWaiting(for cell: LeasingCell, isInVain: Bool) {
        guard !cell.waiting.isEmpty else { return }
        var waiting: [TakeRequest] = []
        swap(&waiting, &cell.waiting)
        for request in waiting {
            if isInVain { request.hasWaitedInVain = true }
            if decide(request, now()) { request.waiter?.decided(request) }
        }
        guard cell.waiting.isEmpty else { return }
        waiting.removeAll(keepingCapacity: true)
        swap(&waiting, &cell.waiting)
    }

    /// Microseconds after which an answer is so late that those who waited for it do not ask again.
    private static var patience: Int { 20_000 }
    /// Questions that are kept for later use.
    private static var mostUnused: Int { 1024 }
}

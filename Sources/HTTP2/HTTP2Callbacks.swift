import CNghttp2
import HTTPWire
import NIOCore

/// nghttp2's callbacks, translated once. Each finds its session by the user data, which is alive as long as nghttp2's own
/// object is; what Swift keeps of a stream is found by its number.
enum HTTP2Callbacks {
    /// Made once and never changed.
    nonisolated(unsafe) static let shared: OpaquePointer? = {
        var callbacks: OpaquePointer?
        nghttp2_session_callbacks_new(&callbacks)
        nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, frameBegins)
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, beginHeaders)
        nghttp2_session_callbacks_set_on_header_callback(callbacks, header)
        nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, invalidHeader)
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, frameReceived)
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, dataReceived)
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, frameSent)
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, streamClosed)
        nghttp2_session_callbacks_set_send_data_callback(callbacks, sendData)
        return callbacks
    }()

    nonisolated(unsafe) static let options: OpaquePointer? = {
        var options: OpaquePointer?
        nghttp2_option_new(&options)
        // The window opens as bytes are taken, not as they come.
        nghttp2_option_set_no_auto_window_update(options, 1)
        nghttp2_option_set_no_closed_streams(options, 1)
        nghttp2_option_set_max_outbound_ack(options, 1000)
        nghttp2_option_set_peer_max_concurrent_streams(options, 100)
        return options
    }()

    private static func session(_ data: UnsafeMutableRawPointer?) -> HTTP2Session? {
        data.map { Unmanaged<HTTP2Session>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func flag(_ frame: nghttp2_frame_hd, _ flag: nghttp2_flag) -> Bool {
        frame.flags & UInt8(flag.rawValue) != 0
    }

    /// Left alone, nghttp2 would ignore a head on a stream that is over.
    private static let frameBegins: nghttp2_on_begin_frame_callback = { _, head, data in
        guard let head = head?.pointee, UInt32(head.type) == NGHTTP2_HEADERS.rawValue, let session = session(data)
        else { return 0 }
        session.frameBegins(on: head.stream_id, isHead: true)
        return 0
    }

    private static let beginHeaders: nghttp2_on_begin_headers_callback = { _, frame, data in
        guard let frame, let session = session(data) else { return 0 }
        session.head.reset()
        session.closedStreams.opened(frame.pointee.hd.stream_id)
        return 0
    }

    private static let header: nghttp2_on_header_callback = { _, frame, name, nameLength, value, valueLength, _, data in
        guard let session = session(data) else { return 0 }
        session.head.add(
            Bytes(start: name, count: nameLength), Bytes(start: value, count: valueLength),
            limit: session.settings.headerBytes)
        // Some excess is answered; a bomb of compressed fields is not unpacked to its end.
        if session.head.size > 4 * session.settings.headerBytes {
            session.owner.value.flooded()
            session.terminate(.enhanceYourCalm)
            return Int32(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
        }
        return 0
    }

    /// Left alone, nghttp2 would drop the field and let the request pass.
    private static let invalidHeader: nghttp2_on_invalid_header_callback = { raw, frame, _, _, _, _, _, data in
        guard let frame else { return 0 }
        nghttp2_submit_rst_stream(
            raw, UInt8(NGHTTP2_FLAG_NONE.rawValue), frame.pointee.hd.stream_id, HTTP2ErrorCode.protocolError.rawValue)
        return Int32(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
    }

    private static let frameReceived: nghttp2_on_frame_recv_callback = { _, frame, data in
        guard let frame, let session = session(data) else { return 0 }
        let head = frame.pointee.hd
        switch UInt32(head.type) {
        case NGHTTP2_HEADERS.rawValue:
            session.headersReceived(head.stream_id, isEnd: flag(head, NGHTTP2_FLAG_END_STREAM))
        case NGHTTP2_DATA.rawValue:
            let isEnd = flag(head, NGHTTP2_FLAG_END_STREAM)
            if head.length == 0, !isEnd { session.charge(.idleFrame) }
            if isEnd { session.remoteEnded(head.stream_id, trailers: []) }
        case NGHTTP2_RST_STREAM.rawValue:
            session.streams[head.stream_id]?.isRemoteEnded = true
            session.charge(.reset)
        case NGHTTP2_SETTINGS.rawValue:
            if !flag(head, NGHTTP2_FLAG_ACK) { session.charge(.idleFrame) }
            if !session.isServer { session.owner.value.capacityChanged() }
        case NGHTTP2_PING.rawValue, NGHTTP2_PRIORITY.rawValue, NGHTTP2_WINDOW_UPDATE.rawValue:
            session.charge(.idleFrame)
        case NGHTTP2_GOAWAY.rawValue:
            session.isGoingAway = true
            if !session.isServer { session.owner.value.capacityChanged() }
        default: break
        }
        return 0
    }

    private static let dataReceived: nghttp2_on_data_chunk_recv_callback = { raw, _, id, bytes, count, data in
        // The connection's window is opened at once: a stream whose taker is slow must not stop the others.
        nghttp2_session_consume_connection(raw, count)
        guard let session = session(data), let stream = session.streams[id], let owner = stream.owner else {
            nghttp2_session_consume_stream(raw, id, count)
            return 0
        }
        session.budget.credit()
        owner.received(ByteBuffer(bytes: UnsafeRawBufferPointer(start: bytes, count: count)))
        return 0
    }

    private static let frameSent: nghttp2_on_frame_send_callback = { raw, frame, data in
        guard let frame, let session = session(data) else { return 0 }
        let head = frame.pointee.hd
        if UInt32(head.type) == NGHTTP2_RST_STREAM.rawValue,
            frame.pointee.rst_stream.error_code == HTTP2ErrorCode.protocolError.rawValue
        {
            // A peer that makes us reset its streams does as much harm as one that resets them itself.
            session.charge(.reset)
        }
        guard session.isServer, flag(head, NGHTTP2_FLAG_END_STREAM), let stream = session.streams[head.stream_id],
            !stream.isRemoteEnded
        else { return 0 }
        // RFC 9113 §8.1: answered in full, so the rest of the request is not wanted.
        nghttp2_submit_rst_stream(
            raw, UInt8(NGHTTP2_FLAG_NONE.rawValue), head.stream_id, HTTP2ErrorCode.noError.rawValue)
        return 0
    }

    private static let streamClosed: nghttp2_on_stream_close_callback = { _, id, code, data in
        guard let session = session(data) else { return 0 }
        let stream = session.streams[id]
        session.closedStreams.closed(id, isEndedByPeer: stream?.isRemoteEnded ?? false)
        if let stream { session.close(stream, code: code) }
        return 0
    }

    static let readBody: nghttp2_data_source_read_callback = { _, _, _, most, flags, source, data in
        guard let session = session(data), let source, let pointer = source.pointee.ptr, let flags else {
            return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
        }
        let stream = Unmanaged<HTTP2Stream>.fromOpaque(pointer).takeUnretainedValue()
        let count = min(most, stream.queuedBytes)
        let isLast = stream.isEnded && count == stream.queuedBytes
        guard count > 0 || isLast else {
            stream.isDeferred = true
            return Int(NGHTTP2_ERR_DEFERRED.rawValue)
        }
        flags.pointee |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
        guard isLast else { return count }
        flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
        if !stream.trailers.isEmpty {
            flags.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
            session.submitTrailers(of: stream)
        }
        return count
    }

    private static let sendData: nghttp2_send_data_callback = { _, _, frameHead, length, source, data in
        guard let session = session(data), let frameHead, let source, let pointer = source.pointee.ptr else {
            return Int32(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
        }
        let stream = Unmanaged<HTTP2Stream>.fromOpaque(pointer).takeUnretainedValue()
        session.send(frameHead: frameHead, length: length, of: stream)
        return 0
    }
}

extension HTTP2Session {
    /// A frame of a head or a body.
    func frameBegins(on id: Int32, isHead: Bool) {
        guard isServer, streams[id] == nil else { return }
        switch closedStreams.judge(id, isHead: isHead) {
        case .pass: break
        case .endedByPeer: terminate(.streamClosed)
        case .neverOpened: terminate(.protocolError)
        }
    }

    /// A header block is complete: a head, or the trailers of a body.
    fileprivate func headersReceived(_ id: Int32, isEnd: Bool) {
        if isServer {
            if head.hasMethod { return requestReceived(id, isEnd: isEnd) }
            if streams[id] != nil { remoteEnded(id, trailers: head.trailers) }
            return
        }
        guard let stream = streams[id] else { return }
        guard head.status > 0, !stream.hasResponse else { return remoteEnded(id, trailers: head.trailers) }
        if head.isMalformed || head.size > settings.headerBytes { return reset(stream, .protocolError) }
        stream.hasResponse = head.status >= 200
        let text = head.response(isEnd: isEnd, answersHEAD: stream.answersHEAD)
        stream.owner?.received(responseHead: text, isEnd: isEnd)
        if isEnd { remoteEnded(id, trailers: []) }
    }

    private func requestReceived(_ id: Int32, isEnd: Bool) {
        let stream = HTTP2Stream(id: id, session: self)
        stream.isRemoteEnded = isEnd
        streams[id] = stream
        if head.size > settings.headerBytes { return owner.value.arrived(nil, on: stream, isEnd: isEnd) }
        guard let text = head.request(isEnd: isEnd) else { return reset(stream, .protocolError) }
        stream.asksForTunnel = head.asksForTunnel
        owner.value.arrived(text, on: stream, isEnd: isEnd)
    }

    fileprivate func remoteEnded(_ id: Int32, trailers: [UInt8]) {
        guard let stream = streams[id] else { return }
        stream.isRemoteEnded = true
        stream.owner?.receivedEnd(trailers: trailers)
    }
}

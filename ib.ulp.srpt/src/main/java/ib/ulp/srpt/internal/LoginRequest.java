// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.srp.LoginRejReason;
import ib.srp.SrpBufferFormat;
import ib.srp.SrpCheck;
import ib.srp.SrpLoginRej;
import ib.srp.SrpLoginReqCm;
import ib.srp.SrpLoginRsp;
import ib.verbs.ConnectRequest;
import ib.verbs.RejectReason;
import java.lang.foreign.MemorySegment;
import java.util.HexFormat;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A login that arrived as the private data of a connection request (SRP r16a, 5.2; its RDMA-CM form
 * as Linux sends it).
 */
final class LoginRequest {
  /** Shortest initiator-to-target IU a target must take (SRP r16a, 5.2.1). */
  static final int MIN_IU_BYTES = 64;

  final ConnectRequest request;
  final long deadlineNs;
  private final MemorySegment iu;
  private final @Nullable String malformed;

  LoginRequest(ConnectRequest request, long deadlineNs) {
    this.request = request;
    this.deadlineNs = deadlineNs;
    byte[] data = request.privateData();
    iu = MemorySegment.ofArray(data);
    malformed = SrpCheck.checkLoginCm(iu, 0, data.length);
  }

  /** Why the login must be refused whatever the state of the target, or null. */
  @Nullable LoginRejReason refusal(SrptConfig config, int maxIuBytes) {
    if (malformed != null) {
      return LoginRejReason.UNABLE_ESTABLISH_CHANNEL;
    }
    if (!targetPortId().equals(config.targetPortId())) {
      return LoginRejReason.UNABLE_ASSOCIATE_CHANNEL;
    }
    if (!config.initiators().isEmpty() && !config.initiators().contains(initiatorPortId())) {
      return LoginRejReason.CHANNEL_LIMIT;
    }
    long iuBytes = maxIuBytes();
    if (iuBytes < MIN_IU_BYTES || iuBytes > maxIuBytes) {
      return LoginRejReason.IU_TOO_LONG;
    }
    int formats = SrpLoginReqCm.bufferFormats(iu, 0);
    boolean known = (formats & ~(SrpBufferFormat.DIRECT_SET | SrpBufferFormat.INDIRECT_SET)) == 0;
    return known ? null : LoginRejReason.UNSUPPORTED_FORMAT;
  }

  String describe() {
    return malformed != null
        ? malformed
        : "initiator " + initiatorPortId() + " at " + request.remoteAddress();
  }

  String initiatorPortId() {
    return HexFormat.of().formatHex(SrpLoginReqCm.initiatorPortId(iu, 0)).toLowerCase(Locale.ROOT);
  }

  String targetPortId() {
    return HexFormat.of().formatHex(SrpLoginReqCm.targetPortId(iu, 0)).toLowerCase(Locale.ROOT);
  }

  long maxIuBytes() {
    return SrpLoginReqCm.maxInitiatorToTarget(iu, 0);
  }

  boolean wantsSingleChannel() {
    return (SrpLoginReqCm.flags(iu, 0) & ib.srp.SrpLoginReq.ACTION_MASK)
        == ib.srp.SrpLoginReq.ACTION_SINGLE;
  }

  void reject(LoginRejReason reason) {
    byte[] data = new byte[SrpLoginRej.LENGTH];
    MemorySegment out = MemorySegment.ofArray(data);
    SrpLoginRej.init(out, 0, malformed == null ? SrpLoginReqCm.tag(iu, 0) : 0);
    SrpLoginRej.reason(out, 0, reason.code());
    SrpLoginRej.bufferFormats(out, 0, SrpBufferFormat.DIRECT_SET | SrpBufferFormat.INDIRECT_SET);
    request.reject(RejectReason.CONSUMER_DEFINED, data);
  }

  /** LOGIN_RSP for the accept. */
  byte[] response(int requestLimit, int maxIuBytes, int result) {
    byte[] data = new byte[SrpLoginRsp.LENGTH];
    MemorySegment out = MemorySegment.ofArray(data);
    SrpLoginRsp.init(out, 0, SrpLoginReqCm.tag(iu, 0));
    SrpLoginRsp.requestLimitDelta(out, 0, requestLimit);
    SrpLoginRsp.maxInitiatorToTarget(out, 0, maxIuBytes);
    SrpLoginRsp.maxTargetToInitiator(out, 0, IuRings.RESPONSE_BYTES);
    SrpLoginRsp.bufferFormats(out, 0, SrpBufferFormat.DIRECT_SET | SrpBufferFormat.INDIRECT_SET);
    SrpLoginRsp.flags(out, 0, result);
    return data;
  }
}

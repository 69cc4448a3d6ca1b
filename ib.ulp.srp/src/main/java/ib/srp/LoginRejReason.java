// SPDX-License-Identifier: Apache-2.0
package ib.srp;

import org.jspecify.annotations.Nullable;

/** Why a target refused a login, in words and with what to do. */
public enum LoginRejReason {
  /** Unable to establish an RDMA channel. */
  UNABLE_ESTABLISH_CHANNEL(
      0x10000,
      "unable to establish an RDMA channel",
      "the target failed for a reason of its own: see its log"),
  /** Insufficient resources for an RDMA channel. */
  INSUFFICIENT_RESOURCES(
      0x10001,
      "insufficient resources for an RDMA channel",
      "close other logins at the target, or lower queue_size"),
  /** The initiator's IUs are longer than the target takes. */
  IU_TOO_LONG(
      0x10002,
      "the initiator's IUs are longer than the target takes",
      "lower cmd_sg_entries or max_it_iu_size"),
  /** Unable to associate the channel with an I_T nexus. */
  UNABLE_ASSOCIATE_CHANNEL(
      0x10003,
      "unable to associate the channel with an I_T nexus",
      "the target port id is not this target's: check id_ext and ioc_guid"),
  /** Unsupported data buffer descriptor format. */
  UNSUPPORTED_FORMAT(
      0x10004,
      "unsupported data buffer descriptor format",
      "ask for direct and indirect descriptors only"),
  /** The target does not support several channels of one nexus. */
  NO_MULTI_CHANNEL(
      0x10005,
      "the target does not support several channels of one nexus",
      "set ch_count to 1 and log in with a single channel"),
  /** The target refuses another channel. */
  CHANNEL_LIMIT(
      0x10006,
      "the target refuses another channel",
      "the initiator is not in the target's access list, or the limit of channels is reached: check both");

  private final int code;
  private final String words;
  private final String remedy;

  LoginRejReason(int code, String words, String remedy) {
    this.code = code;
    this.words = words;
    this.remedy = remedy;
  }

  /** The number on the wire. */
  public int code() {
    return code;
  }

  /** The reason in words. */
  public String words() {
    return words;
  }

  /** What the initiator's operator can do about it. */
  public String remedy() {
    return remedy;
  }

  /** The reason of a number, or null for one that is not defined. */
  public static @Nullable LoginRejReason of(int code) {
    for (LoginRejReason reason : values()) {
      if (reason.code == code) {
        return reason;
      }
    }
    return null;
  }

  /** Number, words and remedy of any reason number, also of one that is not defined. */
  public static String describe(int code) {
    LoginRejReason reason = of(code);
    String number = "0x" + Integer.toHexString(code);
    return reason == null
        ? number + " (not defined)"
        : number + " (" + reason.words + "; " + reason.remedy + ")";
  }
}

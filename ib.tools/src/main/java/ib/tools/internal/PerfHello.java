// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * What the ends of a measurement tell each other in the private data of REQ and REP: perf's own
 * format, not perftest's. Big-endian: magic, then in a REQ three flags, size and depth; in a REP
 * address, rkey and size of the server's memory.
 */
final class PerfHello {
  private static final int MAGIC = 0x4F48_5046;
  private static final int REQUEST_BYTES = 24;
  private static final int REPLY_BYTES = 20;

  private PerfHello() {}

  /**
   * What a client asks for.
   *
   * @param sends whether it sends messages, which need receives
   * @param adds whether it adds to the server's memory, which begins at 0
   * @param replies whether each message is to be answered by one
   * @param sizeBytes largest message
   * @param depth receives that it needs
   */
  record Request(boolean sends, boolean adds, boolean replies, int sizeBytes, int depth) {
    byte[] toBytes() {
      return ByteBuffer.allocate(REQUEST_BYTES)
          .putInt(MAGIC)
          .putInt(sends ? 1 : 0)
          .putInt(adds ? 1 : 0)
          .putInt(replies ? 1 : 0)
          .putInt(sizeBytes)
          .putInt(depth)
          .array();
    }

    static Request parse(byte[] privateData) throws ToolException {
      ByteBuffer data = ByteBuffer.wrap(Arrays.copyOf(privateData, REQUEST_BYTES));
      checkMagic(data);
      Request request =
          new Request(
              data.getInt() != 0,
              data.getInt() != 0,
              data.getInt() != 0,
              data.getInt(),
              data.getInt());
      if (request.sizeBytes < 1
          || request.sizeBytes > PerfOptions.MAX_SIZE
          || request.depth < 1
          || request.depth > PerfOptions.MAX_DEPTH) {
        throw new ToolException("a client asks for what can't be measured: " + request);
      }
      return request;
    }
  }

  static byte[] reply(RpingInfo memory) {
    return ByteBuffer.allocate(REPLY_BYTES)
        .putInt(MAGIC)
        .putLong(memory.address())
        .putInt(memory.rkey())
        .putInt(memory.sizeBytes())
        .array();
  }

  static RpingInfo parseReply(byte[] privateData) throws ToolException {
    ByteBuffer data = ByteBuffer.wrap(Arrays.copyOf(privateData, REPLY_BYTES));
    checkMagic(data);
    return new RpingInfo(data.getLong(), data.getInt(), data.getInt());
  }

  private static void checkMagic(ByteBuffer data) throws ToolException {
    if (data.getInt() != MAGIC) {
      throw new ToolException(
          "the other end is not this perf; perftest's programs have a format of their own");
    }
  }
}

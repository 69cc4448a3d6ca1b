// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The attribute ids of the connection manager's messages (specification 12.6 and 16.7.3). */
public final class CmMessage {
  /** Request for communication. */
  public static final int REQ = 0x10;

  /** Message receipt acknowledgement. */
  public static final int MRA = 0x11;

  /** Reject. */
  public static final int REJ = 0x12;

  /** Reply. */
  public static final int REP = 0x13;

  /** Ready to use. */
  public static final int RTU = 0x14;

  /** Request to disconnect. */
  public static final int DREQ = 0x15;

  /** Reply to a request to disconnect. */
  public static final int DREP = 0x16;

  /** Service id resolution request. */
  public static final int SIDR_REQ = 0x17;

  /** Service id resolution response. */
  public static final int SIDR_REP = 0x18;

  /** Load alternate path. */
  public static final int LAP = 0x19;

  /** Alternate path response. */
  public static final int APR = 0x1A;

  private CmMessage() {}

  private static final class Layouts {
    static final List<MadLayout> ALL =
        List.of(
            CmReq.LAYOUT,
            CmMra.LAYOUT,
            CmRej.LAYOUT,
            CmRep.LAYOUT,
            CmRtu.LAYOUT,
            CmDreq.LAYOUT,
            CmDrep.LAYOUT,
            CmSidrReq.LAYOUT,
            CmSidrRep.LAYOUT,
            CmLap.LAYOUT,
            CmApr.LAYOUT);
  }

  /** The fields of a message, or null for an attribute id that is none of the above. */
  public static @Nullable MadLayout layout(int attributeId) {
    int index = attributeId - REQ;
    return index >= 0 && index < Layouts.ALL.size() ? Layouts.ALL.get(index) : null;
  }

  /** The message's name, or its number in hexadecimal where it is none of the above. */
  public static String name(int attributeId) {
    MadLayout layout = layout(attributeId);
    return layout == null ? "0x" + Integer.toHexString(attributeId) : layout.name();
  }
}

// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

/** Service id resolution request: asks for a UD queue pair (specification 12.11.1). */
public final class CmSidrReq {
  /** All fields of this message. */
  public static final MadLayout LAYOUT =
      new MadLayout("SIDR_REQ", CmMessage.SIDR_REQ, Mad.HEADER_LENGTH);

  /** The sender's id for this exchange. */
  public static final MadField REQUEST_ID = LAYOUT.field("request id", 0, 0, 32);

  /** Partition key. */
  public static final MadField PKEY = LAYOUT.field("pkey", 4, 0, 16);

  /** The service asked for, see {@link ServiceId}. */
  public static final MadField SERVICE_ID = LAYOUT.field("service id", 8, 0, 64);

  /** Private data; begins with {@link RdmaCmHeader} where the service is of the RDMA CM. */
  public static final MadBytes PRIVATE_DATA = LAYOUT.bytes("private data", 16, 216);

  private CmSidrReq() {}
}

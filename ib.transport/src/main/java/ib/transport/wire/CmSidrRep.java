// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

/** Service id resolution response (specification 12.11.2). */
public final class CmSidrRep {
  /** All fields of this message. */
  public static final MadLayout LAYOUT =
      new MadLayout("SIDR_REP", CmMessage.SIDR_REP, Mad.HEADER_LENGTH);

  /** The id of the request. */
  public static final MadField REQUEST_ID = LAYOUT.field("request id", 0, 0, 32);

  /**
   * 0 = resolved, 1 = service id not supported, 2 = rejected by the service, 3 = no queue pair, 4 =
   * redirected.
   */
  public static final MadField STATUS = LAYOUT.field("status", 4, 0, 8);

  /** Valid bytes of the additional information. */
  public static final MadField INFO_LENGTH = LAYOUT.field("info length", 5, 0, 8);

  /** The queue pair number of the service. */
  public static final MadField QPN = LAYOUT.field("qpn", 8, 0, 24);

  /** The service id of the request. */
  public static final MadField SERVICE_ID = LAYOUT.field("service id", 12, 0, 64);

  /** The Q_Key of the queue pair. */
  public static final MadField QKEY = LAYOUT.field("qkey", 20, 0, 32);

  /** Additional information. */
  public static final MadBytes ARI = LAYOUT.bytes("ari", 24, 72);

  /** Private data. */
  public static final MadBytes PRIVATE_DATA = LAYOUT.bytes("private data", 96, 136);

  private CmSidrRep() {}
}

// SPDX-License-Identifier: Apache-2.0
/**
 * The codec of SRP information units (IUs): static accessors over a memory segment and an offset,
 * no object per unit. Shared by initiator, target and decoder, copied as a private package into
 * each bundle.
 *
 * <p>All fields are big-endian, except the tag: it is opaque, read and written in the machine's own
 * order, so that what was read is what is echoed. Accessors check nothing but the segment's bounds;
 * {@link ib.srp.SrpCheck} says beforehand what is wrong with a unit from the wire.
 *
 * <p>Source: T10/1415-D SRP revision 16a (INCITS 365-2002); the form of the login request that the
 * RDMA CM carries, and immediate data, are as Linux has them in {@code include/scsi/srp.h}.
 */
@NullMarked
package ib.srp;

import org.jspecify.annotations.NullMarked;

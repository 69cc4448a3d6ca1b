// SPDX-License-Identifier: Apache-2.0
/**
 * {@code ./ib decode}: prints and verifies the RoCEv2 packets of a capture. Needs the codec only,
 * no framework. {@link ib.host.internal.decode.DecodeMain} is where it begins.
 */
@NullMarked
package ib.host.internal.decode;

import org.jspecify.annotations.NullMarked;

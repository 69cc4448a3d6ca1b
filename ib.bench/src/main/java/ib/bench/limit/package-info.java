// SPDX-License-Identifier: Apache-2.0
/** What the machine itself can do: UDP on loopback without any protocol. */
@NullMarked
package ib.bench.limit;

import org.jspecify.annotations.NullMarked;

// SPDX-License-Identifier: Apache-2.0
/** SRP target: serves block devices over RDMA. */
@NullMarked
package ib.ulp.srpt.internal;

import org.jspecify.annotations.NullMarked;

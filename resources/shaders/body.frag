#version 120
// Soft studio light: a hemisphere, a wrapped key light that follows the camera a little, a rim.
#if !TINTED
uniform vec3 u_color;
#endif
uniform vec3 u_sky;
uniform vec3 u_ground;
uniform vec3 u_key;
uniform vec3 u_eye;
uniform float u_opacity;
varying vec3 v_normal;
varying vec3 v_position;
#if TINTED
varying vec3 v_tint;  // the colour of each vertex in place of u_color
#endif

void main() {
    vec3 n = normalize(v_normal);
    vec3 to_eye = normalize(u_eye - v_position);
    if (dot(n, to_eye) < 0.0 && !gl_FrontFacing) n = -n;
    vec3 ambient = mix(u_ground, u_sky, 0.5 + 0.5 * n.y);
    float key = max((dot(n, u_key) + 0.35) / 1.35, 0.0);
    float shine = max(dot(n, normalize(u_key + to_eye)), 0.0);
    shine *= shine; shine *= shine; shine *= shine; shine *= shine; shine *= shine;  // to the 32nd: cheaper than pow
    float rim = 1.0 - max(dot(n, to_eye), 0.0);
    rim *= rim; rim *= rim;
#if TINTED
    vec3 base = v_tint;
#else
    vec3 base = u_color;
#endif
    vec3 color = base * (ambient + 0.62 * key * key) + vec3(0.05) * shine + 0.16 * rim * u_sky;
    gl_FragColor = vec4(color, u_opacity);
}

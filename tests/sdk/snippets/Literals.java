import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.LiteralTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreeScanner;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/** Parses pieces of Java, and says every text in them: the file, a tab, and the text in hex. */
public class Literals {
  public static void main(String[] paths) throws Exception {
    for (String path : paths) {
      String whole = "class C { void f() throws Exception {\n" + Files.readString(Path.of(path)) + "} }\n";
      var source =
          new SimpleJavaFileObject(URI.create("string:///C.java"), JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreEncodingErrors) {
              return whole;
            }
          };
      var problems = new DiagnosticCollector<JavaFileObject>();
      var compiler = ToolProvider.getSystemJavaCompiler();
      var task = (JavacTask) compiler.getTask(null, null, problems, null, null, List.of(source));
      Iterable<? extends CompilationUnitTree> units = task.parse();
      for (var problem : problems.getDiagnostics()) {
        if (problem.getKind() == Diagnostic.Kind.ERROR) {
          throw new IllegalArgumentException(path + ": " + problem);
        }
      }
      for (CompilationUnitTree unit : units) {
        new TreeScanner<Void, Void>() {
          @Override
          public Void visitLiteral(LiteralTree literal, Void nothing) {
            if (literal.getValue() instanceof String text) {
              byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
              System.out.println(path + "\t" + HexFormat.of().formatHex(bytes));
            }
            return null;
          }
        }.scan(unit, null);
      }
    }
  }
}
